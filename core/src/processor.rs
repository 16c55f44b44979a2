//! The processor contract: plug-in code that makes a derivative of an asset.
//!
//! A processor lives in a crate of its own that exports its [`Descriptor`] as a static; see
//! [`register_processor!`](crate::register_processor). An application links those that it wants and knows them by id
//! ([`registry`](crate::registry)).
//!
//! # What a processor MUST do
//!
//! - **Same in, same out.** The same bytes, params and [`VERSION`](Processor::VERSION) give the same output bytes, media
//!   type and metadata on every machine: x86-64, Arm and wasm32, with any SIMD. Integers hold that; so do the operations
//!   that IEEE 754 fixes (`+ - * /` and square root), in an order that is written down. Sines, powers and logarithms of the
//!   platform do not, nor do hash maps that are walked through.
//! - **Say when it changes.** `VERSION` goes up with any change of output bytes, also one that comes from a dependency.
//!   [`ID`](Processor::ID) never changes.
//! - **Know nothing else.** No clock, no randomness, no I/O, no environment, no state from one run to the next.
//! - **Return errors.** No bytes make it panic, loop without end or overflow the stack; what is wrong is an
//!   [`Error`] that says what was found and what is allowed. (An application contains what happens in spite of that:
//!   a panic or an exhausted budget fails the stage.)
//! - **Be bounded.** Memory and work are bounded by the size of the decoded source and the params, and
//!   [`DecodeLimits`](crate::decode::DecodeLimits) are kept: checked from the header, before anything is allocated.
//! - **Refuse unknown params**, and values out of range, by name ([`Params`]).
//! - **Declare what it makes**: the media type is that of the bytes.
//!
//! # What a processor SHOULD do
//!
//! - Read pixels through [`Source::pixels`] at the smallest size that serves, once, as [`Processor::request`] announces:
//!   stages of one source then share one decode, at the smallest scale that the format offers.
//! - Tell what it takes ([`Processor::cost`]), from above: what cannot be told runs in a message of its own, whatever it
//!   takes.
//! - Leave out metadata of the source, so that no location leaks.
//! - Keep what is stored `inline` to 32 KiB.
//!
//! `darkroom_core::testing` (feature `testing`) checks all of this that can be checked, in one line of a test;
//! `docs/adding-a-processor.md` goes from a template to an asset that is served.

use std::fmt;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::asset::{Asset, AssetKind, Derivative};
use crate::cost::Cost;
use crate::error::{Error, Result};
use crate::media::MediaType;
use crate::pixels::Size;
use crate::source::Source;

/// A processor's parameters as they are configured: a JSON object.
pub type RawParams = serde_json::Map<String, serde_json::Value>;

/// Reads params from the text of a JSON object, as they travel; no text means none.
///
/// # Errors
/// [`Error::InvalidParams`] with the place in the text.
pub fn parse_params(processor: &str, text: Option<&str>) -> Result<RawParams> {
    let Some(text) = text else { return Ok(RawParams::new()) };
    serde_json::from_str(text).map_err(|error| Error::InvalidParams {
        processor: processor.to_owned(),
        reason: format!("not a JSON object: {error}"),
    })
}

/// Typed parameters: read from configuration with defaults for what is absent, unknown names refused
/// (`#[serde(default, deny_unknown_fields)]`), ranges checked by [`validate`](Params::validate).
///
/// The schema is what tools show of them: types, defaults, doc comments, and the ranges that
/// `#[schemars(range(min = 1, max = 100))]` names, to which `validate` has to hold (the conformance suite compares).
pub trait Params: Serialize + DeserializeOwned + Default + JsonSchema {
    /// Refuses values out of range, naming the field, what was found and what is allowed.
    ///
    /// # Errors
    /// A sentence for people.
    fn validate(&self) -> Result<(), String>;
}

/// Plug-in code that makes a derivative of a source.
///
/// ```
/// use darkroom_core::asset::{Derivative, Image};
/// use darkroom_core::media::MediaType;
/// use darkroom_core::pixels::Size;
/// use darkroom_core::processor::{Params, Processor};
/// use darkroom_core::source::Source;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, Default, JsonSchema)]
/// #[serde(default, deny_unknown_fields)]
/// pub struct CopyParams {}
/// impl Params for CopyParams {
///     fn validate(&self) -> Result<(), String> {
///         Ok(())
///     }
/// }
///
/// #[derive(Default)]
/// pub struct Copy;
/// impl Processor for Copy {
///     type Params = CopyParams;
///     type Output = Image;
///     const ID: &'static str = "copy";
///     const VERSION: u32 = 1;
///     const ACCEPTS: &'static [MediaType] = &[MediaType::JPEG];
///     fn process(&self, source: &Source<'_>, _: &CopyParams) -> darkroom_core::Result<Derivative<Size>> {
///         Ok(Derivative {
///             media: source.media().clone(),
///             bytes: source.bytes().to_vec(),
///             meta: source.size()?,
///         })
///     }
/// }
/// darkroom_core::register_processor!(Copy);
/// # assert_eq!(PROCESSOR.id(), "copy");
/// # let registry = darkroom_core::registry::Registry::new(&[&PROCESSOR]).unwrap();
/// # assert_eq!(registry.ids().collect::<Vec<_>>(), ["copy"]);
/// ```
pub trait Processor: Send + Sync + 'static {
    /// Typed parameters.
    type Params: Params;
    /// The sort of asset that is made.
    type Output: Asset;
    /// Permanent id in kebab-case, a noun by output.
    const ID: &'static str;
    /// Goes up whenever output bytes change.
    const VERSION: u32;
    /// The media types that can be a source.
    const ACCEPTS: &'static [MediaType];

    /// Makes the derivative.
    ///
    /// # Errors
    /// For sources that cannot be read; never panics on any bytes.
    fn process(
        &self,
        source: &Source<'_>,
        params: &Self::Params,
    ) -> Result<Derivative<<Self::Output as Asset>::Meta>>;

    /// What [`process`](Processor::process) will pass to [`Source::pixels`] for a source of the given upright size;
    /// `None` where it reads no pixels. Stages of one source share one decode of what they request, so a request that
    /// `process` does not make is work for nothing, and one that it makes beside it is a decode of its own.
    fn request(&self, _full: Size, _params: &Self::Params) -> Option<Size> {
        None
    }

    /// What [`process`](Processor::process) will take at most beside decoding, for a source of the upright size
    /// `full` that is decoded at the size `decoded`. `None` where that cannot be told: the stage then shares its
    /// message with no other, and is begun whatever it takes.
    fn cost(&self, _full: Size, _decoded: Size, _params: &Self::Params) -> Option<Cost> {
        None
    }
}

/// A processor with its types erased, as the registry keeps it.
pub struct Descriptor {
    id: &'static str,
    version: u32,
    kind: AssetKind,
    accepts: &'static [MediaType],
    schema: fn() -> serde_json::Value,
    canonical: fn(&RawParams) -> Result<String>,
    process: fn(&Source<'_>, &RawParams) -> Result<Derivative>,
    request: fn(Size, &RawParams) -> Result<Option<Size>>,
    cost: fn(Size, Size, &RawParams) -> Result<Option<Cost>>,
}

impl Descriptor {
    /// Describes `P`, which is made anew for each run: processors keep no state.
    pub const fn of<P: Processor + Default>() -> Descriptor {
        Descriptor {
            id: P::ID,
            version: P::VERSION,
            kind: P::Output::KIND,
            accepts: P::ACCEPTS,
            schema: schema::<P>,
            canonical: canonical_params::<P>,
            process: |source, raw| {
                let params = typed_params::<P>(raw)?;
                P::default().process(source, &params).map(Derivative::erase)
            },
            request: |full, raw| Ok(P::default().request(full, &typed_params::<P>(raw)?)),
            cost: |full, decoded, raw| Ok(P::default().cost(full, decoded, &typed_params::<P>(raw)?)),
        }
    }

    /// Permanent id.
    pub fn id(&self) -> &'static str {
        self.id
    }

    /// Version of the output bytes.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The sort of asset that is made.
    pub fn kind(&self) -> AssetKind {
        self.kind
    }

    /// The media types that can be a source.
    pub fn accepted(&self) -> &'static [MediaType] {
        self.accepts
    }

    /// Whether `media` can be a source.
    pub fn accepts(&self, media: &MediaType) -> bool {
        self.accepts.contains(media)
    }

    /// The JSON Schema (draft 2020-12) of the params, without references: an object with `properties`, each with
    /// `description`, `default`, and `minimum` and `maximum` or the allowed names where it has them.
    pub fn schema(&self) -> serde_json::Value {
        (self.schema)()
    }

    /// The params in canonical form: JSON with every field, defaults filled in, in the order of declaration.
    /// Part of a derivative's recipe.
    ///
    /// # Errors
    /// [`Error::InvalidParams`] for unknown names, wrong types and values out of range.
    pub fn canonical_params(&self, raw: &RawParams) -> Result<String> {
        (self.canonical)(raw)
    }

    /// Makes the derivative.
    ///
    /// # Errors
    /// [`Error::UnsupportedMedia`], [`Error::InvalidParams`], and whatever the processor finds in the bytes.
    pub fn process(&self, source: &Source<'_>, raw: &RawParams) -> Result<Derivative> {
        if !self.accepts(source.media()) {
            let allowed: Vec<_> = self.accepts.iter().map(MediaType::as_str).collect();
            return Err(Error::UnsupportedMedia {
                processor: self.id.to_owned(),
                found: source.media().to_string(),
                allowed: allowed.join(", "),
            });
        }
        (self.process)(source, raw)
    }

    /// What [`process`](Descriptor::process) will pass to [`Source::pixels`]; see [`Processor::request`].
    ///
    /// # Errors
    /// [`Error::InvalidParams`].
    pub fn request(&self, full: Size, raw: &RawParams) -> Result<Option<Size>> {
        (self.request)(full, raw)
    }

    /// What [`process`](Descriptor::process) will take beside decoding; see [`Processor::cost`].
    ///
    /// # Errors
    /// [`Error::InvalidParams`].
    pub fn cost(&self, full: Size, decoded: Size, raw: &RawParams) -> Result<Option<Cost>> {
        (self.cost)(full, decoded, raw)
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Descriptor({} v{})", self.id, self.version)
    }
}

fn typed_params<P: Processor>(raw: &RawParams) -> Result<P::Params> {
    let invalid = |reason: String| Error::InvalidParams { processor: P::ID.to_owned(), reason };
    let params: P::Params = serde_json::from_value(serde_json::Value::Object(raw.clone()))
        .map_err(|error| invalid(error.to_string()))?;
    params.validate().map_err(invalid)?;
    Ok(params)
}

fn schema<P: Processor>() -> serde_json::Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true);
    settings.into_generator().into_root_schema_for::<P::Params>().to_value()
}

fn canonical_params<P: Processor>(raw: &RawParams) -> Result<String> {
    let params = typed_params::<P>(raw)?;
    serde_json::to_string(&params)
        .map_err(|error| Error::InvalidParams { processor: P::ID.to_owned(), reason: error.to_string() })
}
