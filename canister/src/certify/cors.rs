//! Which other origins' pages may read answers (Fetch Standard, "CORS protocol").
//!
//! The header that says so is certified like all others: gateways pass on what is certified and nothing else, and those
//! of the Internet Computer put `*` where an answer has no such header. So an answer is certified once for each origin,
//! a request gets the one of its origin, and where none may read there is an origin that nobody has.

use serde::{Deserialize, Serialize};

use super::known::Header;

/// Stands where no origin may read: names below `invalid` are nobody's (RFC 6761, section 6.4).
const NOBODY: &str = "https://nobody.invalid";

/// Which other origins may read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Cors {
    /// All.
    #[default]
    Any,
    /// These.
    Origins(Vec<String>),
}

impl Cors {
    /// How many answers there are where one would do if all were told the same.
    pub(crate) fn variants(&self) -> usize {
        match self {
            Cors::Any => 1,
            Cors::Origins(origins) => origins.len().max(1),
        }
    }

    /// Which of them a request gets: that of its origin, or the first, which names an origin that is not its own.
    pub(crate) fn variant(&self, origin: Option<&str>) -> usize {
        let Cors::Origins(origins) = self else { return 0 };
        origins.iter().position(|allowed| Some(allowed.as_str()) == origin).unwrap_or(0)
    }

    /// Its headers.
    pub(crate) fn headers(&self, variant: usize) -> impl Iterator<Item = Header> {
        let value = match self {
            Cors::Any => "*".into(),
            Cors::Origins(origins) => {
                origins.get(variant).map_or(NOBODY.into(), |origin| origin.clone().into())
            }
        };
        let vary = (self.variants() > 1).then_some(("vary", "origin".into()));
        std::iter::once(("access-control-allow-origin", value)).chain(vary)
    }
}

/// Whether a text is an origin as browsers send it: scheme, host in lower case, and a port unless it is the scheme's.
pub(crate) fn is_origin(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (rest, None),
    };
    let is_port = |port: &str| {
        let own = if scheme == "http" { "80" } else { "443" };
        let digits = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
        digits && port != own && port.parse::<u16>().is_ok()
    };
    let is_name = |host: &str| {
        let label = |label: &str| {
            let edge = |byte: Option<&u8>| byte.is_some_and(|byte| *byte != b'-');
            let bytes = label.as_bytes();
            let inner = |byte: &u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
            edge(bytes.first()) && edge(bytes.last()) && bytes.iter().all(inner)
        };
        host.len() <= 253 && host.split('.').all(label)
    };
    let in_brackets = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match in_brackets {
        Some(address) => {
            let parsed = address.parse::<std::net::Ipv6Addr>();
            parsed.is_ok_and(|parsed| parsed.to_string() == address)
        }
        None => is_name(host),
    };
    ["http", "https"].contains(&scheme) && is_host && port.is_none_or(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_told_from_what_is_none() {
        for origin in [
            "https://example.org",
            "http://localhost:8080",
            "https://a-b.example.org:8443",
            "http://127.0.0.1:3000",
            "http://[::1]:3000",
            "https://[2001:db8::1]",
        ] {
            assert!(is_origin(origin), "{origin}");
        }
        for other in [
            "",
            "*",
            "null",
            "example.org",
            "https://",
            "https://example.org/",
            "https://example.org/path",
            "https://Example.org",
            "https://user@example.org",
            "https://*.example.org",
            "https://example.org:",
            "https://example.org:443",
            "http://example.org:80",
            "https://example.org:0443",
            "https://example.org:65536",
            "https://-a.example",
            "https://a..b",
            "https://[0:0:0:0:0:0:0:1]",
            "https://[::1",
            "ftp://example.org",
            "https://bücher.example",
            "https://example.org\r\nset-cookie: a=b",
        ] {
            assert!(!is_origin(other), "{other:?}");
        }
    }

    #[test]
    fn each_origin_is_told_itself_and_others_another() {
        let list =
            |origins: &[&str]| Cors::Origins(origins.iter().map(|origin| (*origin).to_owned()).collect());
        let told = |cors: &Cors, origin| cors.headers(cors.variant(origin)).next().unwrap().1;
        let some = list(&["https://a.example", "https://b.example"]);
        for (cors, origin, expected) in [
            (&Cors::Any, Some("https://c.example"), "*"),
            (&Cors::Any, None, "*"),
            (&some, Some("https://b.example"), "https://b.example"),
            (&some, Some("https://c.example"), "https://a.example"),
            (&some, Some("null"), "https://a.example"),
            (&some, None, "https://a.example"),
            (&list(&[]), Some("https://a.example"), NOBODY),
        ] {
            assert_eq!(told(cors, origin), expected, "{origin:?}");
        }
        assert_eq!(some.headers(0).nth(1), Some(("vary", "origin".into())));
        assert_eq!(list(&["https://a.example"]).headers(0).count(), 1);
    }
}
