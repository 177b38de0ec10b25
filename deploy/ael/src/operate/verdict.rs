//! What an audit of a workspace comes to, for programs and for people.

use crate::output::Output;
use ael_events::ids::WorkspaceId;
use ael_projections::Findings;
use ael_projections::audit::Difference;
use serde::Serialize;

/// What was found in a workspace.
#[derive(Debug, Serialize)]
pub struct Verdict {
    workspace: WorkspaceId,
    name: String,
    /// Whether nothing at all was found.
    pub clean: bool,
    faults: u64,
    #[serde(flatten)]
    findings: Findings,
    chain_faults: Vec<String>,
    head: Option<String>,
}

/// How many differences a person is shown; a program gets them all.
const SHOWN: usize = 50;

impl Verdict {
    /// Puts together what was found.
    pub fn new(
        workspace: WorkspaceId,
        name: String,
        findings: Findings,
        chain_faults: Vec<String>,
        head: Option<String>,
    ) -> Self {
        let faults = findings.faults() + chain_faults.len() as u64;
        Self { workspace, name, clean: faults == 0, faults, findings, chain_faults, head }
    }
}

/// Tells a person.
pub fn tell(out: &Output, verdict: &Verdict) -> anyhow::Result<()> {
    let Findings { aggregates, events, projections, differences } = &verdict.findings;
    let name = &verdict.name;
    let mark = if verdict.clean { out.good("✓") } else { out.bad("✗") };
    let found = match verdict.faults {
        0 => "clean".to_owned(),
        faults => count(faults, "fault"),
    };
    let (folded, events) = (count(*aggregates, "aggregate"), count(*events, "event"));
    out.say(format!("{mark} {name}: {found} ({folded} folded from {events})"))?;
    let header = ["", "read model", "rows#", "differ#", "parked#", "waiting#", "behind#"];
    let rows = projections.iter().map(|(name, tally)| {
        let numbers = [tally.rows, tally.differences, tally.parked, tally.waiting, tally.behind];
        let numbers = numbers.iter().map(ToString::to_string);
        [String::new(), name.clone()].into_iter().chain(numbers).collect()
    });
    out.table(&header, rows)?;
    for difference in differences.iter().take(SHOWN) {
        out.say(format!("  {}", told(difference)))?;
    }
    let all: u64 = projections.values().map(|tally| tally.differences).sum();
    let shown = differences.len().min(SHOWN) as u64;
    if all > shown {
        out.say(format!("  … and {} more (--json has up to 1000)", all - shown))?;
    }
    let parked: u64 = projections.values().map(|tally| tally.parked).sum();
    if parked > 0 {
        out.say(format!("  {} parked: `ael dead list`", are(parked, "event")))?;
    }
    let behind = projections.values().map(|tally| tally.behind).max().unwrap_or(0);
    if behind > 0 {
        let events = are(behind, "event");
        out.say(format!("  {events} not in the read models yet: `ael projection list`"))?;
    }
    for fault in &verdict.chain_faults {
        out.say(format!("  history: {fault}"))?;
    }
    match &verdict.head {
        Some(head) => out.say(out.dim(format!("  head {head}"))),
        None => Ok(()),
    }
}

fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn are(number: u64, what: &str) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", count(number, what))
}

fn told(difference: &Difference) -> String {
    let Difference { projection, aggregate, field, history, read_model, personal } = difference;
    if *personal {
        return format!("{projection} {aggregate} {field}: differs (what it says is not told)");
    }
    let say = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let (history, shown) = (say(history), say(read_model));
    format!("{projection} {aggregate} {field}: history says {history}, read model {shown}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use ael_projections::audit::Tally;
    use uuid::Uuid;

    fn difference(personal: bool) -> Difference {
        Difference {
            projection: "lead_board".to_owned(),
            aggregate: "lead/1".to_owned(),
            field: "leads.stage".to_owned(),
            history: Some("lost".to_owned()).filter(|_| !personal),
            read_model: None,
            personal,
        }
    }

    fn verdict(tally: Tally, chain_faults: Vec<String>) -> Verdict {
        let projections = [("lead_board".to_owned(), tally)].into();
        let findings = Findings { projections, ..Findings::default() };
        let workspace = WorkspaceId::from_uuid(Uuid::nil());
        Verdict::new(workspace, "Test".to_owned(), findings, chain_faults, None)
    }

    #[test]
    fn what_differs_is_told_with_both_sides_and_what_is_personal_without() {
        let said = told(&difference(false));
        assert_eq!(said, "lead_board lead/1 leads.stage: history says lost, read model nothing");
        let said = told(&difference(true));
        assert_eq!(said, "lead_board lead/1 leads.stage: differs (what it says is not told)");
    }

    #[test]
    fn whatever_is_wrong_is_a_fault_and_what_only_waits_behind_it_is_told_once() {
        let rows = Tally { rows: 7, ..Tally::default() };
        assert!(verdict(rows, Vec::new()).clean);
        let parked = Tally { parked: 2, waiting: 5, ..rows };
        assert_eq!(verdict(parked, Vec::new()).faults, 2);
        assert!(!verdict(Tally { behind: 1, ..rows }, Vec::new()).clean);
        assert!(!verdict(Tally { differences: 1, ..rows }, Vec::new()).clean);
        assert!(!verdict(rows, vec!["lead/1 event 3 was changed".to_owned()]).clean);
    }

    #[test]
    fn a_program_gets_the_counts_of_every_read_model_in_one_object() {
        let told = serde_json::to_value(verdict(Tally::default(), Vec::new())).unwrap();
        assert_eq!(told["projections"]["lead_board"]["rows"], 0);
        assert_eq!(told["clean"], true);
    }
}
