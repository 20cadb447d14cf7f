//! Variables that no keyword of the project is: values that a keyword made, and that a workspace would read otherwise.

use indexmap::IndexMap;
use serde_json::Value as Json;

/// Name -> each tenant's value, `None` where the tenant has no use for it.
#[derive(Debug, Default)]
pub struct Variables {
    made: IndexMap<String, Vec<Option<Json>>>,
    taken: Vec<String>,
}

impl Variables {
    /// Starts with the names that keywords have.
    pub fn beside(keywords: Vec<String>) -> Self {
        Self { made: IndexMap::new(), taken: keywords }
    }

    /// Makes a variable and returns the text that stands for its value.
    pub fn make(&mut self, name: &str, values: Vec<Option<Json>>) -> String {
        let mut free = name.to_owned();
        let mut number = 1;
        while self.taken.contains(&free) || self.made.get(&free).is_some_and(|made| *made != values) {
            number += 1;
            free = format!("{name}_{number}");
        }
        self.made.insert(free.clone(), values);
        format!("@@{free}@@")
    }

    /// Returns every name.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.made.keys()
    }

    /// Returns the variables of one tenant.
    pub fn of(&self, index: usize) -> impl Iterator<Item = (&String, Json)> {
        self.made.iter().map(move |(name, values)| {
            let value = values.get(index).cloned().flatten();
            (name, value.unwrap_or(Json::Null))
        })
    }
}
