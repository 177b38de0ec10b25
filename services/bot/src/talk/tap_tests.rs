//! Buttons: what is pressed is what was meant, and fits.

use super::*;

fn every_tap() -> Vec<Tap> {
    let (lead, sale) = (LeadId::generate(), SaleId::from_uuid(LeadId::generate().uuid()));
    let (version, page) = (u64::MAX, u16::MAX);
    let mut all = vec![
        Tap::Nothing,
        Tap::Filters,
        Tap::Lead(lead),
        Tap::AssignTo { lead, version, member: None },
        Tap::AssignTo { lead, version: 999_999, member: Some(MemberId::generate()) },
        Tap::Notes(lead),
        Tap::Pin { lead, note: NoteId::generate() },
        Tap::Files(lead),
        Tap::History { lead, page },
        Tap::Sales { stage: None, page },
        Tap::Sale(sale),
        Tap::SaleLostFor { sale, version, reason: None },
        Tap::SaleAmount { sale, version },
        Tap::Stats { picture: true },
        Tap::Stats { picture: false },
        Tap::Quick(4),
        Tap::Workspace(WorkspaceId::generate()),
        Tap::Proposal { number: u32::MAX, yes: true },
        Tap::Proposal { number: 0, yes: false },
        Tap::AskAgain(3),
    ];
    let filters = [
        Filter::All,
        Filter::Mine,
        Filter::Unowned,
        Filter::Stale,
        Filter::Search,
        Filter::MyHot,
        Filter::MyStale,
        Filter::Domain(49),
    ];
    let stages = Stage::ALL.iter().map(|it| Filter::Stage(*it));
    let sources = Source::ALL.iter().map(|it| Filter::Source(*it));
    let tiers = Tier::ALL.iter().map(|it| Filter::Tier(*it));
    let filters = filters.into_iter().chain(stages).chain(sources).chain(tiers);
    all.extend(filters.map(|filter| Tap::List { filter, page }));
    all.extend(Deed::ALL.iter().map(|it| Tap::Deed { deed: it.0, lead, version }));
    all.extend(Field::ALL.iter().map(|it| Tap::EditField { lead, version, field: it.0 }));
    for reason in LostReason::ALL.iter().copied() {
        all.push(Tap::LostFor { lead, version, reason });
        all.push(Tap::SaleLostFor { sale, version, reason: Some(reason) });
    }
    for to in SaleStage::ALL.iter().copied() {
        all.push(Tap::SaleTo { sale, version, to });
        all.push(Tap::Sales { stage: Some(to), page });
    }
    let steps = [
        Step::Back,
        Step::Skip,
        Step::Cancel,
        Step::Confirm,
        Step::Anyway,
        Step::Continue,
        Step::Choose(255),
    ];
    all.extend(steps.into_iter().map(|step| Tap::Flow { flow: u32::MAX, step }));
    let settings = [
        Setting::Show,
        Setting::Language(Language::Uk),
        Setting::Language(Language::En),
        Setting::PageSize(10),
        Setting::Workspaces,
        Setting::Invite,
    ];
    all.extend(settings.into_iter().map(Tap::Setting));
    all
}

#[test]
fn every_button_says_what_it_means_in_what_telegram_takes() {
    for tap in every_tap() {
        let code = tap.code();
        assert!(code.len() <= 64, "{code} has {} bytes", code.len());
        assert_eq!(Tap::of(&code), Some(tap), "{code}");
    }
}

#[test]
fn what_no_button_of_ours_says_means_nothing() {
    let lead = id(LeadId::generate().uuid());
    for code in [
        "",
        ".",
        "c",
        "c.",
        "c.x",
        "d.c",
        &format!("d.c.{lead}"),
        &format!("d.c.{lead}.-1"),
        &format!("d.c.{lead}.99999999999999999999999"),
        &format!("d.?.{lead}.1"),
        &format!("x.{lead}.1.nonsense"),
        &format!("e.{lead}.1."),
        "l.zz.1",
        "l.s.1",
        "l.\u{1f600}.1",
        "g.\u{1f600}",
        "w.1.\u{1f600}",
        "w.-1.b",
        "drop table",
    ] {
        assert_eq!(Tap::of(code), None, "{code}");
    }
}
