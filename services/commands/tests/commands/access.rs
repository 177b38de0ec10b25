//! Each edge asks what its row says, with the credentials that are good there, and nothing else.

use crate::world::{World, create, lead, named, operator, refusal, request, sale};
use ael_events::actor::ServicePrincipal;
use ael_events::command::{Command, Credential, MoveSale, OpenSale, RecordAnalysis};
use ael_events::ids::{LeadId, MemberId, SaleId};
use ael_events::subjects::Edge;
use ael_events::values::{Role, SaleStage, Scope};

fn service(principal: ServicePrincipal, on_behalf_of: Option<MemberId>) -> Credential {
    Credential::Service { principal, on_behalf_of }
}

async fn code(world: &World, edge: Edge, credential: Credential, command: Command) -> String {
    let client = world.client(edge).await;
    refusal(client.command(world.workspace, &request(credential, command)).await).code
}

#[tokio::test]
async fn a_credential_is_good_by_its_own_way_alone() {
    let world = World::start().await;
    let enter = || lead(LeadId::generate(), create(named("Olena")));
    let (token, _) = world.token(world.admin, &[Scope::Admin]).await;
    let strange = "credential_not_allowed_here";
    assert_eq!(code(&world, Edge::Api, operator(), enter()).await, strange);
    assert_eq!(code(&world, Edge::Bot, operator(), enter()).await, strange);
    let telegram = Credential::Telegram { user_id: 7.try_into().unwrap() };
    assert_eq!(code(&world, Edge::Api, telegram.clone(), enter()).await, strange);
    assert_eq!(code(&world, Edge::Cli, telegram, enter()).await, strange);
    for edge in [Edge::Scoring, Edge::Transcription] {
        assert_eq!(code(&world, edge, token.clone(), enter()).await, "not_allowed_here");
    }
    let bot = service(ServicePrincipal::Bot, None);
    assert_eq!(code(&world, Edge::Api, bot, enter()).await, strange);
}

#[tokio::test]
async fn a_token_of_another_workspace_is_no_token() {
    let (world, elsewhere) = (World::start().await, World::start().await);
    let (token, _) = elsewhere.token(elsewhere.admin, &[Scope::Admin]).await;
    let enter = || lead(LeadId::generate(), create(named("Olena")));
    assert_eq!(code(&world, Edge::Api, token, enter()).await, "bad_token");
    let (Credential::Token { token }, _) = world.token(world.admin, &[Scope::Admin]).await else {
        panic!("not a token");
    };
    for broken in [format!("{token}x"), token[..token.len() - 1].to_owned(), String::new()] {
        let credential = Credential::Token { token: broken };
        assert_eq!(code(&world, Edge::Api, credential, enter()).await, "bad_token");
    }
}

#[tokio::test]
async fn the_advisor_records_its_analysis_and_nobody_else_does() {
    let world = World::start().await;
    let id = world.lead(world.admin, named("Olena")).await;
    let analysis = serde_json::json!({ "score": 0.8, "recommendation": "transfer",
        "reason": "answers quickly", "analysed_at": chrono::Utc::now(), "model": "m",
        "prompt_version": "local", "feature_hash": "0", "features": { "source": "manual",
        "stage": "new", "message_count": 0, "has_domain": false, "age_days": 0 } });
    let analysis: RecordAnalysis = serde_json::from_value(analysis).unwrap();
    let record = || lead(id, analysis.clone());
    let scoring = world.client(Edge::Scoring).await;
    let asked = request(service(ServicePrincipal::Scoring, None), record());
    assert_eq!(scoring.command(world.workspace, &asked).await.unwrap().version, 2);
    let person = crate::world::acting_as(world.admin);
    assert_eq!(code(&world, Edge::Cli, person, record()).await, "not_allowed_here");
    let other = service(ServicePrincipal::Bot, None);
    let strange = "credential_not_allowed_here";
    assert_eq!(code(&world, Edge::Scoring, other, record()).await, strange);
    let enter = lead(LeadId::generate(), create(named("Olena")));
    let advisor = service(ServicePrincipal::Scoring, None);
    assert_eq!(code(&world, Edge::Scoring, advisor, enter).await, "not_allowed_here");
}

#[tokio::test]
async fn the_importer_imports_for_an_active_admin_and_for_nobody_else() {
    let world = World::start().await;
    let manager = world.member(Role::Manager).await;
    let import = || {
        let id = LeadId::generate();
        let import = serde_json::json!({ "origin": "crm", "external_id": id.to_string(),
            "source": "manual", "outcome": { "kind": "won" } });
        let import: ael_events::command::ImportLead = serde_json::from_value(import).unwrap();
        (id, lead(id, import))
    };
    let importer = |asker| service(ServicePrincipal::Importer, asker);
    for asker in [None, Some(manager), Some(MemberId::generate())] {
        assert_eq!(code(&world, Edge::Cli, importer(asker), import().1).await, "not_an_admin");
    }
    let cli = world.client(Edge::Cli).await;
    let (id, command) = import();
    let asked = request(importer(Some(world.admin)), command);
    cli.command(world.workspace, &asked).await.unwrap();
    assert!(cli.command(world.workspace, &asked).await.unwrap().repeated);
    // The process manager opens its sale: once, however often it is asked.
    let jobs = world.client(Edge::Jobs).await;
    let opener = service(ServicePrincipal::ProcessManager, None);
    let open = || sale(SaleId::of(id), OpenSale { lead_id: id });
    let asked = request(opener.clone(), open());
    let opened = jobs.command(world.workspace, &asked).await.unwrap();
    assert_eq!(opened.aggregate_id, SaleId::of(id).uuid());
    assert!(jobs.command(world.workspace, &asked).await.unwrap().repeated);
    let anew = jobs.command(world.workspace, &request(opener, open())).await;
    assert_eq!(refusal(anew).code, "already_exists");
    let person = crate::world::acting_as(world.admin);
    assert_eq!(code(&world, Edge::Cli, person, open()).await, "not_allowed_here");
    let move_it = sale(SaleId::of(id), MoveSale { to: SaleStage::Kyc, amount: None });
    refusal(world.ask(world.admin, move_it).await);
}
