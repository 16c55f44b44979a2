//! Where in a text the parts of a configuration stand.

use std::ops::Range;

use darkroom_core::pipeline::Place;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The bytes of a text in which a place is written: as much of it as can be found.
///
/// `reason` may name a param, which then is the place within the params.
pub(super) fn locate(text: &str, place: &Place, reason: &str) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let mut found = None;
    let mut inner = document.get_ref();
    for (key, name_key, name) in [
        ("pipeline", "name", &place.pipeline),
        ("lane", "name", &place.lane),
        ("stage", "asset", &place.stage),
    ] {
        let Some(name) = name else { break };
        let Some(table) = named(inner, key, name_key, name) else { return found };
        found = Some(table.span());
        inner = table.get_ref().as_table()?;
    }
    let Some(field) = &place.field else { return found };
    let Some((key, value)) = inner.get_key_value(field.as_str()) else { return found };
    if let Some(params) = value.get_ref().as_table() {
        let param = params.iter().find(|(name, _)| names(reason, name.get_ref()));
        return Some(param.map_or_else(|| value.span(), |(name, value)| name.span().start..value.span().end));
    }
    // Of a list of tables its name says more than its first one.
    Some(if value.get_ref().is_array() { key.span() } else { value.span() })
}

/// The last of the tables in the list `key` with this name.
fn named<'t, 'i>(
    table: &'t DeTable<'i>,
    key: &str,
    name_key: &str,
    name: &str,
) -> Option<&'t Spanned<DeValue<'i>>> {
    let list = table.get(key)?.get_ref().as_array()?;
    let has_name = |entry: &&Spanned<DeValue<'_>>| {
        let entry = entry.get_ref().as_table().and_then(|entry| entry.get(name_key));
        entry.and_then(|found| found.get_ref().as_str()) == Some(name)
    };
    list.iter().rfind(has_name)
}

/// Whether a sentence begins with a name or has it in backticks.
fn names(reason: &str, name: &str) -> bool {
    reason.split(' ').next() == Some(name) || reason.contains(&format!("`{name}`"))
}
