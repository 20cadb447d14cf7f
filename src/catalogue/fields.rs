//! placeholder until the field table lands
pub fn missing_required(kind: &crate::catalogue::kind::Kind, body: &crate::model::value::Map) -> Vec<String> {
    kind.fields.required.iter().filter(|field| !body.contains_key(*field)).cloned().collect()
}
