//! Where a kind stands in a project's YAML: `["prompts", "customText", "{language}", "{prompt}"]`.

/// One step of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A fixed key.
    Key(String),
    /// The items of a list.
    Items,
    /// The keys of a map, each of which is the value of an identity field.
    Each(String),
}

impl<'de> serde::Deserialize<'de> for Step {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(match text.as_str() {
            "[]" => Self::Items,
            text => match text.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
                Some(field) => Self::Each(field.to_owned()),
                None => Self::Key(text.to_owned()),
            },
        })
    }
}
