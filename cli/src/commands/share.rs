//! `darkroom share`: URLs that open assets of private items for some time.

use darkroom_api as api;
use darkroom_core::asset::ORIGINAL;
use serde::Serialize;

use crate::args::{Share, Target};
use crate::commands::{json, print};
use crate::connection::{Connection, Need, with_canister};
use crate::error::{Error, Result};
use crate::text::{self, time};

/// Tokens asked for at once.
const PAGE: u32 = 100;

/// A token as a line of JSON.
#[derive(Serialize)]
struct TokenLine<'a> {
    token: &'a str,
    item: &'a str,
    asset: &'a str,
    created_at: String,
    expires_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

pub(super) fn run(target: &Target, args: &Share) -> Result<()> {
    with_canister(target, Need::Canister, async |connection: &Connection| {
        match (&args.what, &args.revoke) {
            (_, Some(token)) => revoke(connection, token).await,
            (what, None) if args.list => list(connection, what.as_deref(), args.json).await,
            (Some(what), None) => create(connection, what, args).await,
            // The flags are declared so that this is not reached.
            (None, None) => Err(Error::Usage("name an item, --list or --revoke TOKEN".to_owned())),
        }
    })
}

async fn create(connection: &Connection, what: &str, args: &Share) -> Result<()> {
    let (item, asset) = what.split_once('/').unwrap_or((what, ORIGINAL));
    let wanted = api::CreateToken {
        item: item.to_owned(),
        asset: asset.to_owned(),
        lifetime_seconds: Some(args.lifetime),
    };
    let created = connection.darkroom.create_token(&wanted).await?;
    let url = connection.url(&created.path);
    if args.json {
        return print(&json(&line(&created.token, Some(url)))?);
    }
    print(&url)?;
    say!(
        "works until {}; `darkroom share --revoke {}` ends it",
        time(created.token.expires_at),
        created.token.id
    );
    Ok(())
}

async fn revoke(connection: &Connection, token: &str) -> Result<()> {
    connection.darkroom.revoke_token(token).await?;
    print(&format!("revoked {token}"))
}

async fn list(connection: &Connection, item: Option<&str>, as_json: bool) -> Result<()> {
    let item = item.map(|what| what.split_once('/').map_or(what, |(item, _)| item).to_owned());
    let (mut tokens, mut after) = (Vec::new(), None);
    loop {
        let args = api::ListTokens { item: item.clone(), after, limit: Some(PAGE) };
        let page = connection.darkroom.list_tokens(&args).await?;
        tokens.extend(page.tokens);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    if as_json {
        return tokens.iter().try_for_each(|token| print(&json(&line(token, None))?));
    }
    if tokens.is_empty() {
        say!("no token is valid");
        return Ok(());
    }
    let row = |token: &api::Token| {
        [token.id.clone(), token.item.clone(), token.asset.clone(), time(token.expires_at)]
    };
    print(&text::table(["TOKEN", "ITEM", "ASSET", "EXPIRES"], tokens.iter().map(row).collect(), &[]))
}

fn line(token: &api::Token, url: Option<String>) -> TokenLine<'_> {
    TokenLine {
        token: &token.id,
        item: &token.item,
        asset: &token.asset,
        created_at: time(token.created_at),
        expires_at: time(token.expires_at),
        url,
    }
}

/// Seconds from a number with a unit.
pub(crate) fn lifetime(text: &str) -> std::result::Result<u64, String> {
    let unit = |unit: char| match unit {
        's' => Some(1),
        'm' => Some(60),
        'h' => Some(60 * 60),
        'd' => Some(24 * 60 * 60),
        _ => None,
    };
    let seconds = text.chars().next_back().and_then(unit).and_then(|unit| {
        let number: u64 = text[..text.len() - 1].parse().ok()?;
        number.checked_mul(unit)
    });
    seconds.ok_or_else(|| "a time is a number with s, m, h or d behind it, such as 90m or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        for (text, seconds) in [("90s", 90), ("15m", 900), ("2h", 7200), ("7d", 604_800)] {
            assert_eq!(lifetime(text), Ok(seconds));
        }
        for text in [
            "",
            "d",
            "7",
            "7w",
            "-1d",
            "1.5h",
            "7 d",
            "7\u{2009}d",
            "99999999999999999999d",
            "999999999999999999d",
        ] {
            assert!(lifetime(text).unwrap_err().contains("such as"), "{text}");
        }
    }
}
