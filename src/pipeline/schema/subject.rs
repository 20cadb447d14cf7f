//! Which files and answers have a schema, and the whole document of each.

use serde_json::{Value as Json, json};

use super::field::Forge;
use super::settings;

/// Files that are of one form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// `tenantry.yaml`
    Workspace,
    /// `tenants/NAME.yaml`
    Tenant,
    /// `templates/**/*.yaml`
    Templates,
    /// `tenants/NAME/*.yaml`
    Overlay,
    /// What the program answers with `--json`
    Answers,
}

/// The schema of answers. It names what programs may rely on; more may be there.
const ANSWERS: &str = include_str!("answers.json");

impl Subject {
    pub const ALL: [Self; 5] = [Self::Workspace, Self::Tenant, Self::Templates, Self::Overlay, Self::Answers];

    /// Returns its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Workspace => "workspace",
            Self::Tenant => "tenant",
            Self::Templates => "templates",
            Self::Overlay => "overlay",
            Self::Answers => "answers",
        }
    }

    /// Returns the name of the file that a schema is written to.
    pub fn file_name(self) -> String {
        format!("{}.schema.json", self.name())
    }

    /// Returns the files of a workspace that it describes, as a pattern, or what else it is of.
    pub fn governs(self) -> &'static str {
        match self {
            Self::Workspace => "tenantry.yaml",
            Self::Tenant => "tenants/*.yaml",
            Self::Templates => "templates/**/*.yaml",
            Self::Overlay => "tenants/*/*.yaml",
            Self::Answers => "what --json prints",
        }
    }

    /// Returns the schema.
    pub fn document(self) -> Json {
        let mut forge = Forge::new(matches!(self, Self::Tenant | Self::Overlay));
        let mut body = match self {
            Self::Workspace => settings::workspace(),
            Self::Tenant => {
                let overlay = configuration(&mut forge);
                settings::tenant(&overlay)
            }
            Self::Templates | Self::Overlay => configuration(&mut forge),
            Self::Answers => serde_json::from_str(ANSWERS).unwrap_or_default(),
        };
        if let Some(schema) = body.as_object_mut() {
            let schema_of = format!("tenantry {}: {}", env!("CARGO_PKG_VERSION"), self.governs());
            schema.shift_insert(0, "$schema".to_owned(), json!("https://json-schema.org/draft/2020-12/schema"));
            schema.shift_insert(1, "title".to_owned(), json!(schema_of));
            if !forge.definitions.is_empty() {
                schema.insert("$defs".to_owned(), json!(forge.definitions));
            }
        }
        body
    }
}

/// A map of kinds.
fn configuration(forge: &mut Forge) -> Json {
    json!({ "type": ["object", "null"], "properties": forge.top_level(), "additionalProperties": false })
}
