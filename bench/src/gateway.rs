//! Requests through the localnet's gateway, which says in a header what the queries took.

use anyhow::{Context, Result, ensure};
use candid::Principal;
use pocket_ic::PocketIc;
use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use crate::meter::Measured;

/// Where localnet says how many instructions an answer took.
const INSTRUCTIONS: &str = "x-localnet-instructions";

/// A gateway in front of a canister.
pub(crate) struct Gateway {
    url: String,
    host: String,
    client: Client,
}

/// An answer that verified.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) etag: String,
    /// First byte, and bytes in all, of a part.
    range: Option<(usize, usize)>,
    pub(crate) bytes: Vec<u8>,
}

impl Gateway {
    pub(crate) fn open(network: &PocketIc, canister: Principal) -> Result<Gateway> {
        let client = Client::builder().no_proxy().build()?;
        let config = json!({ "forward_to": { "PocketIcInstance": network.instance_id() } });
        let url = network.get_server_url().join("http_gateway")?;
        let made: Value = client.post(url).json(&config).send()?.json()?;
        let port = made["Created"]["port"].as_u64().context("the server opens no gateway")?;
        Ok(Gateway { url: format!("http://127.0.0.1:{port}"), host: format!("{canister}.localhost"), client })
    }

    /// A GET as a browser sends it, of what it may have already.
    pub(crate) fn get(&self, path: &str, etag: Option<&str>) -> Result<Measured<Answer>> {
        self.send(path, etag.map(|etag| ("if-none-match", etag.to_owned())))
    }

    /// All answers that a whole file takes, where it comes in ranges one by one.
    pub(crate) fn whole(&self, path: &str) -> Result<Measured<Vec<u8>>> {
        let (mut bytes, mut instructions) = (Vec::new(), 0);
        loop {
            let answer = self.send(path, Some(("range", format!("bytes={}-", bytes.len()))))?;
            instructions += answer.instructions;
            let Some((first, total)) = answer.value.range else {
                ensure!(answer.value.status == 200, "{path}: status {}", answer.value.status);
                return Ok(Measured { value: answer.value.bytes, instructions });
            };
            ensure!(first == bytes.len(), "{path}: asked for {}, got {first}", bytes.len());
            bytes.extend(answer.value.bytes);
            if bytes.len() >= total {
                return Ok(Measured { value: bytes, instructions });
            }
        }
    }

    fn send(&self, path: &str, more: Option<(&str, String)>) -> Result<Measured<Answer>> {
        let mut request = self.client.get(format!("{}{path}", self.url)).header("host", &self.host);
        // What a browser sends beside.
        for (name, value) in [
            ("accept", "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5"),
            ("accept-language", "en-US,en;q=0.9"),
            ("accept-encoding", "gzip, deflate, br"),
            ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
            ("sec-fetch-dest", "image"),
            ("sec-fetch-mode", "no-cors"),
            ("sec-fetch-site", "same-origin"),
        ] {
            request = request.header(name, value);
        }
        if let Some((name, value)) = more {
            request = request.header(name, value);
        }
        let response = request.send()?;
        let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
        let status = response.status().as_u16();
        let spent = header(INSTRUCTIONS).and_then(|value| value.parse().ok());
        let etag = header("etag").unwrap_or_default().to_owned();
        let range = header("content-range").and_then(range);
        let bytes = Response::bytes(response)?.to_vec();
        ensure!(status < 400, "{path}: status {status}, {}", String::from_utf8_lossy(&bytes));
        let instructions = spent.context("the gateway does not say what a query took")?;
        Ok(Measured { value: Answer { status, etag, range, bytes }, instructions })
    }
}

/// First byte and total of `bytes FIRST-LAST/TOTAL`.
fn range(value: &str) -> Option<(usize, usize)> {
    let (range, total) = value.strip_prefix("bytes ")?.split_once('/')?;
    let (first, _) = range.split_once('-')?;
    Some((first.parse().ok()?, total.parse().ok()?))
}
