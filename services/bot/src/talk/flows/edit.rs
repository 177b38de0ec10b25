//! Editing a lead, a field at a time.

use super::{Prompt, begin as begin_flow, show};
use crate::out::Button;
use crate::talk::dialogue::{Flow, What};
use crate::talk::hands::Done;
use crate::talk::html;
use crate::talk::scene::{Scene, button};
use crate::talk::screens::card;
use crate::talk::tap::{Field, Step, Tap};
use crate::talk::words::Put;
use ael_events::command::{DetailsPatch, EditDetails, Patch};
use ael_events::ids::LeadId;
use ael_events::query::LeadView;
use ael_events::values::{Budget, Company, Country, FullName, Intent, JobTitle, Phone, Tag};
use std::collections::BTreeSet;

/// Offers the fields.
pub(crate) async fn choose(scene: &mut Scene<'_>, lead: LeadId, version: u64) -> Done<()> {
    let buttons: Vec<Button> = Field::ALL
        .iter()
        .map(|(field, _, word)| {
            let tap = Tap::EditField { lead, version, field: *field };
            button(scene.term("field", word), tap)
        })
        .collect();
    let mut rows: Vec<Vec<Button>> = buttons.chunks(2).map(<[Button]>::to_vec).collect();
    rows.push(vec![scene.button("back-to-card", Tap::Lead(lead))]);
    let text = scene.voice.say("ask-field");
    scene.show(text, rows);
    Ok(())
}

/// Asks for a field.
pub(crate) async fn begin(
    scene: &mut Scene<'_>,
    lead: LeadId,
    version: u64,
    field: Field,
) -> Done<()> {
    begin_flow(scene, What::Edit { lead, version, field }).await
}

/// What a field holds, as people read it.
fn held(lead: &LeadView, field: Field) -> Option<String> {
    let contact = &lead.contact;
    match field {
        Field::Name => contact.full_name.as_ref().map(|it| it.as_str().to_owned()),
        Field::Phone => contact.phone.as_ref().map(|it| it.as_str().to_owned()),
        Field::Email => contact.email.as_ref().map(|it| it.as_str().to_owned()),
        Field::Telegram => contact.telegram.as_ref().map(|it| format!("@{}", it.as_str())),
        Field::Company => contact.company.as_ref().map(|it| it.as_str().to_owned()),
        Field::Position => contact.position.as_ref().map(|it| it.as_str().to_owned()),
        Field::Domain => lead.business_domain.as_ref().map(|it| it.as_str().to_owned()),
        Field::Intent => lead.intent.as_ref().map(|it| it.as_str().to_owned()),
        Field::Budget => lead.budget.as_ref().map(|it| it.as_str().to_owned()),
        Field::Tags => {
            let tags: Vec<&str> = lead.tags.iter().map(Tag::as_str).collect();
            (!tags.is_empty()).then(|| tags.join(", "))
        }
    }
}

pub(crate) async fn prompt(
    scene: &mut Scene<'_>,
    flow: &Flow,
    lead: LeadId,
    field: Field,
) -> Done<Prompt> {
    let held = scene.lead(lead).await?.and_then(|found| held(&found.lead, field));
    let what = scene.term("field", field.word());
    let mut text = scene.voice.html("ask-edit", [("field", what.into())]);
    let mut rows = Vec::new();
    let step = |step| Tap::Flow { flow: flow.number, step };
    let offered: Vec<String> = match field {
        Field::Domain => {
            let domains = scene.settings().await?.settings.business_domains.as_slice();
            domains.iter().map(|it| it.as_str().to_owned()).collect()
        }
        Field::Tags => {
            let tags = &scene.settings().await?.settings.tags;
            tags.iter().map(|it| it.as_str().to_owned()).collect()
        }
        Field::Name
        | Field::Phone
        | Field::Email
        | Field::Telegram
        | Field::Company
        | Field::Position
        | Field::Intent
        | Field::Budget => Vec::new(),
    };
    if field == Field::Tags {
        text += &format!(
            "\n{}",
            scene.voice.html("tags-known", [("tags", html::text(&offered.join(", ")).into())])
        );
    } else {
        let buttons: Vec<Button> = offered
            .iter()
            .zip(0..)
            .map(|(it, at)| button(html::label(it, 30), step(Step::Choose(at))))
            .collect();
        rows.extend(buttons.chunks(2).map(<[Button]>::to_vec));
    }
    if let Some(held) = held {
        text +=
            &format!("\n{}", scene.voice.html("so-far", [("what", Put::from(html::text(&held)))]));
        rows.push(vec![scene.button("clear", step(Step::Skip))]);
    }
    Ok(Prompt { text, rows, skip: false })
}

/// What somebody typed, as a change; the key of what is wrong with it otherwise.
fn patch(field: Field, text: &str, country: &Country) -> Result<DetailsPatch, &'static str> {
    let mut changes = DetailsPatch::default();
    match field {
        Field::Name => {
            changes.full_name = Patch::Set(FullName::parse(text).map_err(|_| "wrong-name")?);
        }
        Field::Phone => {
            let phone = Phone::parse_in(text, Some(country)).map_err(|_| "wrong-phone")?;
            changes.phone = Patch::Set(phone);
        }
        Field::Email => changes.email = Patch::Set(text.parse().map_err(|_| "wrong-email")?),
        Field::Telegram => {
            changes.telegram = Patch::Set(text.parse().map_err(|_| "wrong-telegram")?);
        }
        Field::Company => {
            changes.company = Patch::Set(Company::parse(text).map_err(|_| "wrong-text")?);
        }
        Field::Position => {
            changes.position = Patch::Set(JobTitle::parse(text).map_err(|_| "wrong-text")?);
        }
        Field::Domain => {
            let domain = text.to_lowercase().parse().map_err(|_| "wrong-choice")?;
            changes.business_domain = Patch::Set(domain);
        }
        Field::Intent => {
            changes.intent = Patch::Set(Intent::parse(text).map_err(|_| "wrong-text")?);
        }
        Field::Budget => {
            changes.budget = Patch::Set(Budget::parse(text).map_err(|_| "wrong-text")?);
        }
        Field::Tags => {
            let words = text.split([',', ';', '#', ' ', '\n']).filter(|word| !word.is_empty());
            let tags: Result<BTreeSet<Tag>, _> = words.map(Tag::parse).collect();
            changes.tags = Patch::Set(tags.map_err(|_| "wrong-tags")?);
        }
    }
    Ok(changes)
}

fn emptied(field: Field) -> DetailsPatch {
    let mut changes = DetailsPatch::default();
    match field {
        Field::Name => changes.full_name = Patch::Clear,
        Field::Phone => changes.phone = Patch::Clear,
        Field::Email => changes.email = Patch::Clear,
        Field::Telegram => changes.telegram = Patch::Clear,
        Field::Company => changes.company = Patch::Clear,
        Field::Position => changes.position = Patch::Clear,
        Field::Domain => changes.business_domain = Patch::Clear,
        Field::Intent => changes.intent = Patch::Clear,
        Field::Budget => changes.budget = Patch::Clear,
        Field::Tags => changes.tags = Patch::Clear,
    }
    changes
}

async fn apply(scene: &mut Scene<'_>, flow: Flow, changes: DetailsPatch) -> Done<()> {
    let What::Edit { lead, version, .. } = &flow.what else { return Ok(()) };
    let (lead, version) = (*lead, *version);
    let command = EditDetails { changes, allow_duplicate: false };
    scene.change(lead, Some(version), command).await?;
    card::changed(scene, lead, "done-edited", false).await
}

pub(crate) async fn fed(scene: &mut Scene<'_>, flow: Flow, text: &str) -> Done<()> {
    let What::Edit { field, .. } = &flow.what else { return Ok(()) };
    let country = scene.settings().await?.settings.country.clone();
    match patch(*field, text, &country) {
        Ok(changes) => apply(scene, flow, changes).await,
        Err(key) => {
            let word = scene.voice.say(key);
            show(scene, flow, Some(word)).await
        }
    }
}

pub(crate) async fn pressed(scene: &mut Scene<'_>, flow: Flow, step: Step) -> Done<()> {
    let What::Edit { field, .. } = &flow.what else { return Ok(()) };
    let changes = match (*field, step) {
        (field, Step::Skip) => emptied(field),
        (Field::Domain, Step::Choose(at)) => {
            let domains = scene.settings().await?.settings.business_domains.as_slice();
            let Some(domain) = domains.get(usize::from(at)).cloned() else {
                return show(scene, flow, None).await;
            };
            DetailsPatch { business_domain: Patch::Set(domain), ..DetailsPatch::default() }
        }
        (_, _) => return show(scene, flow, None).await,
    };
    apply(scene, flow, changes).await
}
