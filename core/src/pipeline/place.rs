//! Where in a configuration something stands.

use std::fmt;

/// A place in a configuration, as exactly as it is known. Names may not be unique where just that is wrong: the last of
/// a name is meant then.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The pipeline's name; without one, the list of pipelines.
    pub pipeline: Option<String>,
    /// The lane's name.
    pub lane: Option<String>,
    /// The asset of the stage.
    pub stage: Option<String>,
    /// The field of the innermost of these.
    pub field: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pipeline")?;
        if let Some(pipeline) = &self.pipeline {
            write!(f, " `{pipeline}`")?;
        }
        for (what, name) in [("lane", &self.lane), ("stage", &self.stage), ("field", &self.field)] {
            if let Some(name) = name {
                write!(f, ", {what} `{name}`")?;
            }
        }
        Ok(())
    }
}
