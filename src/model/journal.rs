//! The journal of an apply: what was about to be done, and what became of it, line by line.
//!
//! Plain data, and the pure reading of it. A journal ends wherever the process ended, a torn last line included; what it
//! does not say of a step is in doubt, never done.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::address::Address;
use super::applied::Ownership;
use super::change::Action;
use super::names::{Domain, RemoteId, TenantName};
use super::record::Unfinished;

/// The format of journals that this program writes. Older ones stay readable.
pub const JOURNAL_VERSION: u32 = 1;

/// The first line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Beginning {
    pub version: u32,
    pub tenant: TenantName,
    pub domain: Domain,
    pub sandbox: bool,
    /// When it began, for eyes.
    pub at: String,
    pub tool: String,
    /// The configuration's commit.
    #[serde(default)]
    pub commit: Option<String>,
    /// What the plan means for what is ours.
    pub ownership: Ownership,
    /// It brings a backup back, and what is ours stays what it is: `ownership` is then that of an apply before it which did
    /// not end.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub apart: bool,
    pub steps: Vec<Planned>,
    /// What stood before, by address.
    pub images: BTreeMap<Address, Image>,
    /// What an unfinished apply before this one had begun to change, with the ids that it made. The images are older then.
    #[serde(default)]
    pub carried: BTreeMap<Address, Option<RemoteId>>,
    /// The ids that each name space with creations held before.
    #[serde(default)]
    pub known: BTreeMap<String, BTreeSet<String>>,
    /// What its record would say; older journals and a restore do not know.
    #[serde(default)]
    pub intended: Option<Unfinished>,
    /// What runs before it did that came to no record.
    #[serde(default)]
    pub unfinished: Vec<Unfinished>,
    /// The commit of the last record before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// The commits of records that the unfinished apply before this one has left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recorded: Vec<String>,
}

/// One step of the plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    pub address: Address,
    pub kind: String,
    pub action: Action,
    /// It makes the object.
    pub creates: bool,
}

/// What stood at an address before, secrets left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Image {
    pub kind: String,
    pub name: String,
    pub parent: Option<Address>,
    /// `None`: there was no such object.
    pub id: Option<RemoteId>,
    pub existed: bool,
    /// The change deletes the object (a replacement does too).
    pub deletes: bool,
    /// The earlier values that the change touches, all of them where it deletes. References are objects with
    /// [`super::kept::REFERENCE`].
    pub body: Json,
    /// Secret fields whose earlier value nobody knows.
    pub secrets: Vec<String>,
    /// The list that the change makes of a member list.
    #[serde(skip_serializing_if = "Json::is_null")]
    pub after: Json,
    /// No change of its own: it goes with what is deleted at that address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub with: Option<Address>,
    /// What goes with it and was not read before it was deleted: nobody can bring that back.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen: Vec<String>,
    /// It ran what it showed.
    pub deployed: bool,
}

/// What a create sends, as far as it helps to find the object again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Sought {
    /// The id of the object that it lies in.
    #[serde(default)]
    pub parent: Option<RemoteId>,
    /// Identity fields as sent.
    pub identity: BTreeMap<String, Json>,
    /// Other plain fields as sent, none of them secret.
    pub sent: BTreeMap<String, Json>,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    Began(Box<Beginning>),
    /// Written before the first request of a step.
    Intent {
        step: usize,
        #[serde(default)]
        sought: Option<Sought>,
    },
    /// The object is there; more of the step may follow.
    Made {
        step: usize,
        id: RemoteId,
    },
    Done {
        step: usize,
        #[serde(default)]
        id: Option<RemoteId>,
        /// Fingerprints of the secrets that were sent, by `address:field`.
        #[serde(default)]
        sent: BTreeMap<String, String>,
    },
    Failed {
        step: usize,
        /// It may have been done all the same. Why it failed is not kept: a server's words may quote a secret.
        in_doubt: bool,
    },
    Skipped {
        step: usize,
    },
    /// The run came to its end; not all may have gone well.
    Ended {
        complete: bool,
    },
    /// What was done is in a record, the commit of that name.
    Recorded {
        commit: String,
    },
}

/// What became of a step.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Fate {
    #[default]
    NotBegun,
    /// Begun, and no word of its end.
    InDoubt,
    Done,
    Failed,
    Skipped,
}

/// A journal that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    pub beginning: Beginning,
    pub fates: Vec<Fate>,
    /// What to look for where a create is in doubt.
    pub sought: BTreeMap<usize, Sought>,
    /// Ids that came into being.
    pub made: BTreeMap<Address, RemoteId>,
    pub sent: BTreeMap<String, String>,
    pub ended: Option<bool>,
    /// The commits of the records that say what was done, those of an apply that this one went on with included.
    pub recorded: Vec<String>,
}

/// Why a journal cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum JournalError {
    #[error("line {0} of the journal is damaged")]
    Damaged(usize),
    #[error("the journal was written by a newer version of tenantry (format {0})")]
    Newer(u64),
    #[error("the journal names step {0}, which its plan does not have")]
    NoStep(usize),
}

impl Beginning {
    /// Says whether it took over from an apply that did not end what only the next apply's record can take: a restore
    /// leaves none.
    pub fn has_left(&self) -> bool {
        self.apart && (self.ownership != Ownership::default() || !self.unfinished.is_empty())
    }
}

impl Journal {
    /// Reads the lines. `None`: nothing was begun. A last line without its end is one that was being written when the
    /// process ended: it says nothing.
    ///
    /// # Errors
    /// If anything else is not as it was written.
    pub fn read(text: &str) -> Result<Option<Self>, JournalError> {
        let mut journal: Option<Self> = None;
        for (index, piece) in text.split_inclusive('\n').enumerate() {
            let Some(line) = piece.strip_suffix('\n') else { break };
            let number = index + 1;
            if index == 0 {
                let version = serde_json::from_str::<Json>(line).ok();
                let version = version.as_ref().and_then(|line| line.get("began")?.get("version")?.as_u64());
                if let Some(newer) = version.filter(|version| *version > u64::from(JOURNAL_VERSION)) {
                    return Err(JournalError::Newer(newer));
                }
            }
            let line: Line = serde_json::from_str(line).map_err(|_| JournalError::Damaged(number))?;
            match (&mut journal, line) {
                (none @ None, Line::Began(beginning)) => *none = Some(Self::begun(*beginning)),
                (None, _) | (Some(_), Line::Began(_)) => return Err(JournalError::Damaged(number)),
                (Some(journal), line) => journal.take(line)?,
            }
        }
        Ok(journal)
    }

    fn begun(beginning: Beginning) -> Self {
        Self {
            fates: vec![Fate::NotBegun; beginning.steps.len()],
            recorded: beginning.recorded.clone(),
            beginning,
            sought: BTreeMap::new(),
            made: BTreeMap::new(),
            sent: BTreeMap::new(),
            ended: None,
        }
    }

    fn take(&mut self, line: Line) -> Result<(), JournalError> {
        match line {
            Line::Began(_) => {}
            Line::Intent { step, sought } => {
                self.set(step, Fate::InDoubt)?;
                self.sought.extend(sought.map(|sought| (step, sought)));
            }
            Line::Made { step, id } => {
                let address = self.planned(step)?.address.clone();
                self.made.insert(address, id);
            }
            Line::Done { step, id, sent } => {
                self.set(step, Fate::Done)?;
                let planned = self.planned(step)?;
                if let Some(id) = id.filter(|_| planned.creates) {
                    let address = planned.address.clone();
                    self.made.insert(address, id);
                }
                self.sent.extend(sent);
            }
            Line::Failed { step, in_doubt } => self.set(step, if in_doubt { Fate::InDoubt } else { Fate::Failed })?,
            Line::Skipped { step } => self.set(step, Fate::Skipped)?,
            Line::Ended { complete } => self.ended = Some(complete),
            Line::Recorded { commit } => self.recorded.push(commit),
        }
        Ok(())
    }

    fn set(&mut self, step: usize, fate: Fate) -> Result<(), JournalError> {
        *self.fates.get_mut(step).ok_or(JournalError::NoStep(step))? = fate;
        Ok(())
    }

    fn planned(&self, step: usize) -> Result<&Planned, JournalError> {
        self.beginning.steps.get(step).ok_or(JournalError::NoStep(step))
    }

    /// Says whether there is nothing to go on with, and nothing that still has to get into a record.
    pub fn is_closed(&self) -> bool {
        self.ended == Some(true) && !self.beginning.has_left()
    }

    /// Returns the creates whose object may be there though nobody knows its id.
    pub fn lost(&self) -> Vec<(usize, &Planned, &Sought)> {
        let mut lost = Vec::new();
        for (step, sought) in &self.sought {
            let Some(planned) = self.beginning.steps.get(*step) else { continue };
            if self.fates.get(*step) == Some(&Fate::InDoubt) && !self.made.contains_key(&planned.address) {
                lost.push((*step, planned, sought));
            }
        }
        lost
    }

    /// Returns the addresses that a step has begun to change.
    pub fn touched(&self) -> BTreeSet<&Address> {
        let is_begun = |fate: &Fate| matches!(fate, Fate::InDoubt | Fate::Done | Fate::Failed);
        let steps = self.beginning.steps.iter().zip(&self.fates);
        let own = steps.filter(|(_, fate)| is_begun(fate)).map(|(planned, _)| &planned.address);
        own.chain(self.beginning.carried.keys()).collect()
    }

    /// Counts the steps that are done.
    pub fn done(&self) -> usize {
        self.fates.iter().filter(|fate| **fate == Fate::Done).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn beginning() -> Beginning {
        let planned = |name: &str, creates| Planned {
            address: Address::named("things", name),
            kind: "things".into(),
            action: if creates { Action::Create } else { Action::Update },
            creates,
        };
        Beginning {
            version: JOURNAL_VERSION,
            tenant: TenantName("dev".into()),
            domain: Domain("acme.eu.auth0.com".into()),
            sandbox: false,
            at: "2026-01-01T00:00:00Z".into(),
            tool: "0.1.0".into(),
            commit: None,
            ownership: Ownership::default(),
            apart: false,
            steps: vec![planned("a", true), planned("b", true), planned("c", false)],
            images: BTreeMap::new(),
            carried: BTreeMap::new(),
            known: BTreeMap::new(),
            intended: None,
            unfinished: Vec::new(),
            after: None,
            recorded: Vec::new(),
        }
    }

    fn text(lines: &[Line]) -> String {
        let began = Line::Began(Box::new(beginning()));
        let all = std::iter::once(&began).chain(lines).map(|line| {
            let mut text = serde_json::to_string(line).unwrap();
            text.push('\n');
            text
        });
        all.collect()
    }

    fn intent(step: usize) -> Line {
        let identity = BTreeMap::from([("name".to_owned(), json!("a"))]);
        Line::Intent { step, sought: Some(Sought { identity, ..Sought::default() }) }
    }

    #[test]
    fn what_has_no_end_is_in_doubt_wherever_the_process_ended() {
        let lines = [
            intent(0),
            Line::Done { step: 0, id: Some(RemoteId("1".into())), sent: BTreeMap::new() },
            intent(1),
            Line::Failed { step: 2, in_doubt: false },
            Line::Ended { complete: false },
        ];
        let whole = text(&lines);
        let journal = Journal::read(&whole).unwrap().unwrap();
        assert_eq!(journal.fates, [Fate::Done, Fate::InDoubt, Fate::Failed]);
        assert_eq!(journal.lost().iter().map(|(step, ..)| *step).collect::<Vec<_>>(), [1]);
        assert!(!journal.is_closed());
        // Cut anywhere, it reads, and says no more than was written.
        for end in 0..whole.len() {
            let Ok(read) = Journal::read(&whole[..end]) else { panic!("cut at {end}") };
            assert!(read.is_none_or(|read| read.done() <= 1));
        }
    }

    #[test]
    fn damage_in_the_middle_is_no_end() {
        let whole = text(&[intent(0), intent(1)]).replacen("\"step\":0", "\"step\":", 1);
        assert_eq!(Journal::read(&whole), Err(JournalError::Damaged(2)));
        assert_eq!(Journal::read(&text(&[intent(9)])), Err(JournalError::NoStep(9)));
        let newer = text(&[]).replacen("\"version\":1", "\"version\":2", 1);
        assert_eq!(Journal::read(&newer), Err(JournalError::Newer(2)));
        assert_eq!(Journal::read(""), Ok(None));
    }
}
