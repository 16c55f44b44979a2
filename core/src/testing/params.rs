//! Params: defaults, canonical form, schema and refusals.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Suite, raw};
use crate::error::Error;

impl Suite {
    /// Params have defaults, a canonical form that stands for itself, a schema that says what is allowed, and refusals
    /// that help.
    ///
    /// # Panics
    /// When they do not.
    #[expect(clippy::unwrap_used, reason = "for tests, which fail where it panics")]
    pub fn params(&self) {
        let properties = self.properties();
        let names: BTreeSet<&str> = properties.keys().map(String::as_str).collect();
        for params in self.params {
            let canonical = self.processor.canonical_params(&raw(params)).unwrap();
            let read = raw(&canonical);
            assert_eq!(read.keys().map(String::as_str).collect::<BTreeSet<_>>(), names, "{canonical}");
            assert_eq!(self.processor.canonical_params(&read).unwrap(), canonical);
        }
        let unknown = self.refusal(r#"{"no_such_param":1}"#);
        for name in names.iter().chain(&["no_such_param"]) {
            assert!(unknown.contains(&format!("`{name}`")), "{unknown}");
        }
        for (params, part) in self.refused {
            let reason = self.refusal(params);
            assert!(reason.contains(part), "{params}: {reason}");
        }
        let defaults = raw(&self.processor.canonical_params(&raw("{}")).unwrap());
        for (name, property) in &properties {
            assert_eq!(property.get("default"), defaults.get(name), "default of `{name}` in the schema");
            let text = property["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "`{name}` has no doc comment");
            self.range(name, property);
        }
    }

    /// What the schema says of each param.
    fn properties(&self) -> Map<String, Value> {
        let schema = self.processor.schema();
        assert_eq!(schema["additionalProperties"], Value::Bool(false), "deny_unknown_fields is missing");
        schema["properties"].as_object().cloned().unwrap_or_default()
    }

    /// The ends of a range are allowed, and what is beyond them is refused by name.
    fn range(&self, name: &str, property: &Value) {
        for (end, step) in [("minimum", -1), ("maximum", 1)] {
            let Some(end) = property.get(end).and_then(Value::as_i64) else { continue };
            let with = |value: i64| format!("{{\"{name}\":{value}}}");
            let allowed = self.processor.canonical_params(&raw(&with(end)));
            assert!(allowed.is_ok(), "{}: {allowed:?}", with(end));
            // A number below 0 of a field without sign is refused by its type, which serde does not name.
            let reason = self.refusal(&with(end + step));
            assert!(reason.contains(name) || end + step < 0, "{}: {reason}", with(end + step));
        }
    }

    /// Why params are refused.
    #[expect(clippy::panic, reason = "for tests, which fail where it panics")]
    fn refusal(&self, json: &str) -> String {
        match self.processor.canonical_params(&raw(json)) {
            Err(Error::InvalidParams { processor, reason }) if processor == self.processor.id() => reason,
            other => panic!("not refused: {json}: {other:?}"),
        }
    }
}
