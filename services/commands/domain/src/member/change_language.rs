//! Change one's language.

use super::{Member, MemberRejection};
use ael_events::command::ChangeLanguage;
use ael_events::event::{LanguageChanged, MemberEvent};

pub(super) fn decide(
    member: &Member,
    command: &ChangeLanguage,
) -> Result<Vec<MemberEvent>, MemberRejection> {
    member.known()?;
    let language = command.language;
    if member.language == Some(language) {
        return Ok(Vec::new());
    }
    Ok(vec![MemberEvent::LanguageChanged(LanguageChanged { language })])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{given, joined};
    use super::*;
    use crate::testing::{ADMIN, AGENT};
    use crate::who_may::Forbidden;
    use ael_events::values::{Language, Role};

    #[test]
    fn everybody_reads_the_language_that_they_choose_themself() {
        let to = |language| ChangeLanguage { language };
        given([joined(Role::Agent)])
            .when(AGENT, to(Language::En))
            .then([MemberEvent::LanguageChanged(LanguageChanged { language: Language::En })]);
        given([joined(Role::Agent)]).when(AGENT, to(Language::Uk)).then_nothing();
        given([joined(Role::Agent)])
            .when(ADMIN, to(Language::En))
            .then_refused(Forbidden::NotYours);
    }
}
