//! Which HTTP status a refusal of the house has.

use poem::http::StatusCode;

/// Who calls is not known.
const UNAUTHENTICATED: &[&str] =
    &["bad_token", "unknown_member", "member_deactivated", "credential_not_allowed_here"];

/// Who calls may not do that.
const FORBIDDEN: &[&str] = &[
    "email_not_verified",
    "forbidden",
    "identity_not_linked",
    "not_allowed",
    "not_allowed_here",
    "not_an_admin",
    "not_for_operator",
    "not_for_people",
    "not_for_service",
    "not_yours",
    "on_behalf_of_nobody",
    "only_for_yourself",
    "only_operator",
    "only_taking",
    "outlives_its_maker",
    "role_too_low",
    "scope_missing",
    "scope_too_wide",
];

/// There is no such thing.
const NOT_FOUND: &[&str] = &["no_such_file", "no_such_note", "no_such_workspace", "not_found"];

/// What was sent makes no sense, whatever the state of things.
const UNPROCESSABLE: &[&str] = &[
    "amount_needed",
    "answer_too_large",
    "bad_cursor",
    "bad_hash",
    "bad_media_type",
    "bad_message_count",
    "bad_quiet_hours",
    "command_id_reused",
    "cursor_mismatch",
    "ends_in_the_past",
    "in_the_future",
    "invalid_cursor",
    "invalid_query",
    "invalid_request",
    "lost_needs_outcome",
    "lost_needs_reason",
    "malformed",
    "malformed_head",
    "malformed_subject",
    "merged_with_itself",
    "mismatch",
    "no_scopes",
    "owner_not_active",
    "reason_needs_words",
    "rule_misnamed",
    "subject_mismatch",
    "unknown_domain",
    "unknown_position",
    "unknown_query",
    "unknown_tag",
];

/// The request is larger than is carried.
const TOO_LARGE: &[&str] = &["too_large"];

/// The status of a refusal. What is none of the others is a conflict with how things are now.
pub(crate) fn status_of(code: &str) -> StatusCode {
    [
        (UNAUTHENTICATED, StatusCode::UNAUTHORIZED),
        (FORBIDDEN, StatusCode::FORBIDDEN),
        (NOT_FOUND, StatusCode::NOT_FOUND),
        (UNPROCESSABLE, StatusCode::UNPROCESSABLE_ENTITY),
        (TOO_LARGE, StatusCode::PAYLOAD_TOO_LARGE),
    ]
    .into_iter()
    .find(|(codes, _)| codes.contains(&code))
    .map_or(StatusCode::CONFLICT, |(_, status)| status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_the_status_that_clients_act_on() {
        for (code, status) in [
            ("bad_token", 401),
            ("role_too_low", 403),
            ("not_found", 404),
            ("not_qualified", 409),
            ("version_conflict", 409),
            ("duplicate_contact", 409),
            ("too_large", 413),
            ("command_id_reused", 422),
            ("unknown_tag", 422),
        ] {
            assert_eq!(status_of(code).as_u16(), status, "{code}");
        }
    }

    #[test]
    fn no_code_has_two_statuses() {
        let lists = [UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, UNPROCESSABLE, TOO_LARGE];
        let mut all: Vec<_> = lists.concat();
        all.sort_unstable();
        let many = all.len();
        all.dedup();
        assert_eq!(all.len(), many);
    }
}
