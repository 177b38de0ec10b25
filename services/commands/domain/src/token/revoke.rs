//! Make a token good for nothing: its owner, or an Admin.

use super::{Standing, Token, TokenRejection};
use ael_events::event::{TokenEvent, TokenRevoked};

pub(super) fn decide(token: &Token) -> Result<Vec<TokenEvent>, TokenRejection> {
    match token.standing {
        Standing::Absent => Err(TokenRejection::NotFound),
        Standing::Active => Ok(vec![TokenEvent::Revoked(TokenRevoked {})]),
        Standing::Revoked => Ok(Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{created, given, revoked};
    use super::*;
    use crate::testing::{ADMIN, AGENT, MANAGER, OTHER_AGENT};
    use crate::who_may::Forbidden;
    use ael_events::command::RevokeToken;

    #[test]
    fn the_owner_or_an_admin_revokes_a_token_for_good() {
        for by in [AGENT, ADMIN] {
            given([created()]).when(by, RevokeToken {}).then([revoked()]);
            given([created(), revoked()]).when(by, RevokeToken {}).then_nothing();
        }
        for by in [OTHER_AGENT, MANAGER] {
            given([created()]).when(by, RevokeToken {}).then_refused(Forbidden::NotYours);
        }
        given([]).when(ADMIN, RevokeToken {}).then_refused(TokenRejection::NotFound);
    }
}
