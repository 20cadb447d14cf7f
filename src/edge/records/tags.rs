//! Tags of applied commits: made here, handed on to the remote. A tag that names another commit is never moved.

use git2::{ErrorCode, ObjectType, Oid};

use super::shared::Shared;
use super::{RecordError, Records, message};
use crate::edge::git_remote::Pushed;
use crate::model::record::Record;

impl Records {
    /// Says whether a commit could be tagged so, here and at the remote: the same tag of the same commit is no obstacle.
    ///
    /// # Errors
    /// Why not.
    pub fn may_tag(&self, tag: &str, commit: &str, shared: Option<&Shared>) -> Result<(), RecordError> {
        let name = name(tag)?;
        let taken = |remote| RecordError::TagExists { tag: tag.to_owned(), remote };
        if self.tagged(&name)?.is_some_and(|(_, tagged)| tagged != commit) {
            return Err(taken(None));
        }
        let Some(shared) = shared else { return Ok(()) };
        match shared.remote.tagged(&name)? {
            Some((_, tagged)) if tagged != commit => Err(taken(Some(shared.remote.name()))),
            _ => Ok(()),
        }
    }

    /// Tags the commit that was applied. Where the remote has that tag of that commit, it is taken from there.
    ///
    /// # Errors
    /// If the tag names another commit, or there is no commit.
    pub fn tag(&self, tag: &str, record: &Record, shared: Option<&Shared>) -> Result<(), RecordError> {
        let commit = record.header.config.commit.as_ref().ok_or(RecordError::NoCommit)?;
        self.may_tag(tag, commit, None)?;
        let name = name(tag)?;
        if self.tagged(&name)?.is_some() {
            return Ok(());
        }
        // A remote that does not answer is told of when the tag is handed on.
        let there = shared.and_then(|shared| Some((shared, shared.remote.tagged(&name).ok()??)));
        if let Some((shared, (id, _))) = there.filter(|(_, (_, tagged))| tagged == commit)
            && shared.remote.fetch(&name).is_ok()
        {
            self.repository.reference(&name, Oid::from_str(&id)?, false, "tenantry: taken in")?;
            return Ok(());
        }
        let commit = self.repository.find_object(Oid::from_str(commit)?, Some(ObjectType::Commit))?;
        let author = self.author(&record.header.by)?;
        self.repository.tag(tag, &commit, &author, &message(record), false)?;
        Ok(())
    }

    /// Hands a tag on that stands here.
    ///
    /// # Errors
    /// If the remote does not answer or refuses, or has given it to another commit meanwhile.
    pub fn hand_on_tag(&self, tag: &str, shared: &Shared) -> Result<(), RecordError> {
        let name = name(tag)?;
        let Some((id, commit)) = self.tagged(&name)? else { return Ok(()) };
        if shared.remote.tagged(&name)?.is_some_and(|(_, tagged)| tagged == commit) {
            return Ok(());
        }
        match shared.remote.push(&name, Some(&id), None)? {
            Pushed::Done => Ok(()),
            Pushed::Lost => self.may_tag(tag, &commit, Some(shared)),
        }
    }

    /// Returns the object of a tag and the commit that it names.
    fn tagged(&self, name: &str) -> Result<Option<(String, String)>, RecordError> {
        match self.repository.find_reference(name) {
            Ok(reference) => {
                let commit = reference.peel_to_commit()?.id();
                Ok(Some((reference.target().unwrap_or(commit).to_string(), commit.to_string())))
            }
            Err(error) if error.code() == ErrorCode::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn name(tag: &str) -> Result<String, RecordError> {
    let name = format!("refs/tags/{tag}");
    match tag.starts_with('-') || !git2::Reference::is_valid_name(&name) {
        true => Err(RecordError::TagName(tag.to_owned())),
        false => Ok(name),
    }
}
