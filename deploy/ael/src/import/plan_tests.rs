//! What the shipped mappings make of rows.

use super::testing::destination;
use super::*;
use std::path::Path;

fn shipped(name: &str) -> Mapping {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mappings");
    Mapping::read(&folder.join(format!("{name}.toml"))).unwrap()
}

fn plan(mapping: &Mapping, header: &[&str]) -> anyhow::Result<Plan> {
    Plan::new(mapping, &StringRecord::from(header.to_vec()), destination())
}

fn arrival(name: &str, cells: &[(&str, &str)]) -> Result<Arrival, RowProblem> {
    let header: Vec<&str> = cells.iter().map(|(column, _)| *column).collect();
    let row: Vec<&str> = cells.iter().map(|(_, cell)| *cell).collect();
    plan(&shipped(name), &header).unwrap().arrival(&StringRecord::from(row))
}

/// A row of the education company's form, with everything empty that is not said.
fn student(said: &[(&str, &str)]) -> Result<Arrival, RowProblem> {
    let mapping = shipped("xeducation");
    let mut header = vec!["Prospect ID", "Lead Number", "Converted"];
    header.extend(mapping.attributes.categorical.iter().map(String::as_str));
    header.extend(mapping.attributes.numeric.iter().map(String::as_str));
    let cell = |column: &&str| {
        let said = said.iter().find(|(name, _)| name == column);
        said.map_or(if *column == "Prospect ID" { "p-1" } else { "" }, |(_, cell)| *cell)
    };
    let row: Vec<&str> = header.iter().map(cell).collect();
    plan(&mapping, &header).unwrap().arrival(&StringRecord::from(row))
}

#[test]
fn a_converted_student_is_won_for_an_unknown_amount_and_another_was_not_interested() {
    let won = student(&[("Converted", "1"), ("TotalVisits", "5")]).unwrap();
    assert_eq!(won.command.outcome, Some(ImportedOutcome::Won { amount: None }));
    assert!(won.is_won());
    assert_eq!(won.command.message_count, 5);
    let lost = student(&[("Converted", "0")]).unwrap();
    let reason = LostReason::NotInterested;
    assert_eq!(lost.command.outcome, Some(ImportedOutcome::Lost { reason }));
    assert_eq!(lost.command.message_count, 0);
}

#[test]
fn references_are_partners_before_forms_are_manual_and_the_rest_was_scanned() {
    let source = |source, origin| {
        let row = [("Lead Source", source), ("Lead Origin", origin), ("Converted", "0")];
        student(&row).unwrap().command.source
    };
    assert_eq!(source("Reference", "Lead Add Form"), Source::Partner);
    assert_eq!(source("Referral Sites", "API"), Source::Partner);
    assert_eq!(source("Welingak Website", "Lead Add Form"), Source::Manual);
    assert_eq!(source("Facebook", "Lead Import"), Source::Manual);
    assert_eq!(source("Google", "Landing Page Submission"), Source::Scanner);
    assert_eq!(source("", ""), Source::Scanner);
}

#[test]
fn a_specialization_is_a_tag_unless_nobody_chose_one() {
    let tags =
        |cell| student(&[("Specialization", cell), ("Converted", "0")]).unwrap().command.tags;
    assert_eq!(tags("E-COMMERCE"), [Tag::parse("E-COMMERCE").unwrap()].into());
    // A comma inside is part of the name.
    assert_eq!(tags("Banking, Investment And Insurance").len(), 1);
    assert!(tags("Select").is_empty() && tags("").is_empty());
}

#[test]
fn the_other_columns_are_anonymous_attributes_and_the_lead_number_is_not() {
    let row = [
        ("Lead Number", "660737"),
        ("Page Views Per Visit", "2.5"),
        ("City", "Select"),
        ("Country", ""),
        ("What is your current occupation", "Student"),
    ];
    let attributes = student(&row).unwrap().command.attributes;
    assert_eq!(attributes["page_views_per_visit"], AttributeValue::Number(2.5));
    let occupation = AttributeValue::Category("Student".into());
    assert_eq!(attributes["what_is_your_current_occupation"], occupation);
    let nothing_chosen = AttributeValue::Category("Select".into());
    assert_eq!(attributes["city"], nothing_chosen);
    assert_eq!(attributes.len(), 3);
}

#[test]
fn the_same_row_is_the_same_intention_and_a_changed_one_is_another_for_the_same_lead() {
    let first = student(&[("Converted", "1")]).unwrap();
    let again = student(&[("Converted", "1")]).unwrap();
    let changed = student(&[("Converted", "1"), ("City", "Mumbai")]).unwrap();
    assert_eq!(first, again);
    assert_eq!(first.lead, changed.lead);
    assert_ne!(first.command_id, changed.command_id);
}

#[test]
fn a_hubspot_contact_brings_its_name_owner_stage_and_day() {
    let contact = arrival(
        "hubspot",
        &[
            ("Record ID", "101"),
            ("First Name", "Олена"),
            ("Last Name", "Петренко"),
            ("Email", "Olena@Example.com"),
            ("Phone Number", "067 123 45 67"),
            ("Lead Status", "In progress"),
            ("Contact owner", "Olena@example.com"),
            ("Original Source", "Organic Search"),
            ("Create Date", "2026-03-05 10:30"),
        ],
    )
    .unwrap();
    let person = &contact.command.profile.contact;
    assert_eq!(person.full_name.as_ref().unwrap().as_str(), "Олена Петренко");
    assert_eq!(person.phone.as_ref().unwrap().as_str(), "+380671234567");
    assert_eq!(contact.command.stage, Some(Stage::Contacted));
    assert_eq!(contact.command.source, Source::Scanner);
    assert!(contact.command.owner.is_some());
    assert_eq!(contact.occurred_at.unwrap().to_rfc3339(), "2026-03-05T10:30:00+00:00");
}

#[test]
fn a_pipedrive_person_is_reached_by_the_first_address_that_is_there() {
    let person = arrival(
        "pipedrive",
        &[
            ("Person - ID", "7"),
            ("Person - Name", "Jane Doe"),
            ("Person - Email - Work", ""),
            ("Person - Email - Home", "jane@example.com"),
            ("Person - Organization", "Acme"),
            ("Person - Label", "Hot lead, VIP"),
        ],
    )
    .unwrap();
    let contact = &person.command.profile.contact;
    assert_eq!(contact.email.as_ref().unwrap().as_str(), "jane@example.com");
    assert_eq!(person.command.stage, Some(Stage::Qualified));
    assert_eq!(person.command.tags.len(), 2);
}

#[test]
fn a_plain_row_may_carry_what_was_paid() {
    let cells = [("id", "1"), ("outcome", "won"), ("amount", "1 250,50"), ("currency", "eur")];
    let row = arrival("plain", &cells).unwrap();
    let Some(ImportedOutcome::Won { amount: Some(paid) }) = row.command.outcome else {
        panic!("not won: {row:?}");
    };
    assert_eq!(paid.to_string(), "1250.50 EUR");
}

#[test]
fn a_line_break_in_a_cell_becomes_a_space_where_a_field_has_one_line() {
    let cells = [("id", "1"), ("full_name", "Jane\n Doe"), ("intent", "first\nsecond")];
    let profile = arrival("plain", &cells).unwrap().command.profile;
    assert_eq!(profile.contact.full_name.unwrap().as_str(), "Jane Doe");
    assert_eq!(profile.intent.unwrap().as_str(), "first\nsecond");
}

#[test]
fn a_quote_that_swallowed_other_rows_is_refused_and_their_people_stay_out_of_the_name() {
    let swallowed = "Broken,a@b.com,0670000001\n2,Next,b@b.com";
    let problem = arrival("plain", &[("id", "1"), ("full_name", swallowed)]).unwrap_err();
    assert!(problem.to_string().starts_with("full name: lines of the file"), "{problem}");
    assert!(!problem.to_string().contains("b@b.com"));
}

#[test]
fn a_row_that_is_wrong_names_the_field_and_keeps_the_value_to_itself() {
    let problem = arrival("plain", &[("id", "1"), ("email", "olena-at-home")]).unwrap_err();
    assert!(problem.to_string().starts_with("e-mail: not an e-mail address"));
    assert!(!problem.to_string().contains("olena"));
    let problem = arrival("plain", &[("id", " ")]).unwrap_err();
    assert!(problem.to_string().starts_with("external id"));
    let problem = student(&[("TotalVisits", "2.5")]).unwrap_err();
    assert!(problem.to_string().starts_with("message count"));
}

#[test]
fn a_file_without_a_needed_column_is_refused_with_the_columns_that_it_has() {
    let refusal = plan(&shipped("xeducation"), &["Prospect ID", "City"]).unwrap_err();
    assert!(refusal.to_string().contains("it has: Prospect ID, City"), "{refusal}");
    let refusal = plan(&shipped("hubspot"), &["First Name", "Email"]).unwrap_err();
    assert!(refusal.to_string().contains("Record ID"), "{refusal}");
    assert!(plan(&shipped("hubspot"), &["Record ID"]).is_ok());
    assert!(plan(&shipped("plain"), &["id", "email", "Email"]).is_err());
}
