//! A database of its own with the house's tables, and a desk that answers over it.

use ael_auth::CursorKey;
use ael_events::actor::ServicePrincipal;
use ael_events::command::Credential;
use ael_events::ids::{AdvisorId, LeadId, MemberId, SaleId, WorkspaceId};
use ael_events::order::PositionToken;
use ael_events::query::{LeadView, Query, QueryRequest};
use ael_events::subjects::{self, Edge};
use ael_events::values::{Contact, Role, Score, Source, Stage, WorkspaceSettings};
use ael_queries::{Desk, Patience};
use ael_store::testing::TestDatabase;
use ael_store::{DbRole, PoolOptions};
use chrono::{DateTime, TimeZone as _, Utc};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sqlx::PgPool;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

pub struct House {
    database: TestDatabase,
    /// Sees and writes everything.
    pub superuser: PgPool,
    /// The pool of the service.
    pub pool: PgPool,
    pub desk: Desk,
    stop: CancellationToken,
}

impl House {
    pub async fn open() -> Self {
        let url = std::env::var(ael_store::testing::VARIABLE).expect("AEL_TEST_DATABASE_URL");
        let others = [("read", &ael_projections::MIGRATOR)];
        let database = TestDatabase::create_at(&url, &others).await.expect("a database");
        let projector = connect(&database, DbRole::Projections).await;
        ael_projections::ensure(&projector).await.expect("the read models");
        projector.close().await;
        let superuser = PgPool::connect(database.superuser_url()).await.expect("a superuser");
        let pool = connect(&database, DbRole::Queries).await;
        let stop = CancellationToken::new();
        let patience = Patience { position: Duration::from_millis(300), ..Patience::default() };
        let cursors = CursorKey::derive(b"of these tests");
        let desk = Desk::new(pool.clone(), cursors, patience, stop.clone());
        Self { database, superuser, pool, desk, stop }
    }

    pub async fn close(self) {
        self.stop.cancel();
        self.pool.close().await;
        self.superuser.close().await;
        self.database.remove().await.expect("the database goes");
    }

    /// The address of the service's own role.
    pub fn url(&self) -> String {
        self.database.url(DbRole::Queries).unwrap()
    }

    /// Writes as the superuser, whom no row-level security binds.
    pub async fn write(&self, sql: &str) {
        sqlx::raw_sql(sql).execute(&self.superuser).await.expect(sql);
    }

    pub async fn workspace(&self) -> Tenant<'_> {
        let id = WorkspaceId::generate();
        let settings = serde_json::to_value(WorkspaceSettings::standard().unwrap()).unwrap();
        sqlx::query("INSERT INTO rm_members_1.workspaces VALUES ($1, 1, 'A workspace', $2, now())")
            .bind(id.uuid())
            .bind(settings)
            .execute(&self.superuser)
            .await
            .unwrap();
        let tenant = Tenant { house: self, id, members: BTreeMap::new() };
        let mut members = BTreeMap::new();
        for (name, role) in [
            ("alice", Role::Agent),
            ("bob", Role::Agent),
            ("mary", Role::Manager),
            ("adam", Role::Admin),
        ] {
            members.insert(name, tenant.add_member(name, role).await);
        }
        Tenant { members, ..tenant }
    }
}

async fn connect(database: &TestDatabase, role: DbRole) -> PgPool {
    let url = database.url(role).expect("an address");
    ael_store::connect(&url, role, &PoolOptions::default()).await.expect("a connection")
}

/// A workspace with two Agents (alice, bob), a Manager (mary) and an Admin (adam).
pub struct Tenant<'a> {
    pub house: &'a House,
    pub id: WorkspaceId,
    members: BTreeMap<&'static str, MemberId>,
}

/// A lead as the read models have it.
#[derive(Clone)]
pub struct Given {
    pub owner: Option<MemberId>,
    pub stage: Stage,
    pub source: Source,
    pub domain: Option<&'static str>,
    pub score: Option<f64>,
    pub tags: Vec<&'static str>,
    pub created_at: DateTime<Utc>,
    pub updated_at: DateTime<Utc>,
    pub contact: Contact,
}

impl Default for Given {
    fn default() -> Self {
        Self {
            owner: None,
            stage: Stage::New,
            source: Source::Manual,
            domain: None,
            score: None,
            tags: Vec::new(),
            created_at: day(1),
            updated_at: day(1),
            contact: Contact::default(),
        }
    }
}

/// A day of October 2026.
pub fn day(n: u32) -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 10, n, 12, 0, 0).unwrap()
}

impl Tenant<'_> {
    pub fn of(&self, name: &str) -> MemberId {
        self.members[name]
    }

    pub async fn add_member(&self, name: &str, role: Role) -> MemberId {
        let id = MemberId::generate();
        let insert = [
            "INSERT INTO write.principals (workspace, member, role, active, version) \
             VALUES ($1, $2, $3, true, 1)",
            "INSERT INTO rm_members_1.members VALUES ($1, $2, 1, $4, $4 || '@example.com', $3, \
             'uk', true, false, false, '{}', now())",
        ];
        for sql in insert {
            let query = sqlx::query(sql).bind(self.id.uuid()).bind(id.uuid()).bind(role.as_str());
            let query = if sql.contains("$4") { query.bind(name) } else { query };
            query.execute(&self.house.superuser).await.unwrap();
        }
        id
    }

    pub async fn lead(&self, given: Given) -> LeadId {
        let id = LeadId::generate();
        let score = given.score.map(|score| Score::new(score).unwrap());
        let tags: BTreeSet<&str> = given.tags.iter().copied().collect();
        sqlx::query(
            "INSERT INTO rm_lead_board_1.leads (workspace, id, stage, source, business_domain, \
             owner, contact, tags, score, score_rank, tier, created_at, stage_since, merged, \
             erased, search) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, coalesce($9, -1), $10, \
             $11, $11, false, false, $12)",
        )
        .bind(self.id.uuid())
        .bind(id.uuid())
        .bind(given.stage.as_str())
        .bind(given.source.as_str())
        .bind(given.domain)
        .bind(given.owner.map(MemberId::uuid))
        .bind(serde_json::to_value(&given.contact).unwrap())
        .bind(json!(tags))
        .bind(score.map(Score::value))
        .bind(score.map(|score| score.tier().as_str()))
        .bind(given.created_at)
        .bind(ael_projections::search::words_of(&given.contact))
        .execute(&self.house.superuser)
        .await
        .unwrap();
        sqlx::query("INSERT INTO rm_lead_board_1.activity VALUES ($1, $2, 1, 3, $3)")
            .bind(self.id.uuid())
            .bind(id.uuid())
            .bind(given.updated_at)
            .execute(&self.house.superuser)
            .await
            .unwrap();
        for tag in tags {
            sqlx::query("INSERT INTO rm_lead_board_1.lead_tags VALUES ($1, $2, $3, $4)")
                .bind(self.id.uuid())
                .bind(tag)
                .bind(given.created_at)
                .bind(id.uuid())
                .execute(&self.house.superuser)
                .await
                .unwrap();
        }
        self.card(&view_of(id, &given)).await;
        id
    }

    pub async fn card(&self, view: &LeadView) {
        sqlx::query("INSERT INTO rm_lead_card_1.cards VALUES ($1, $2, $3, $4, NULL, $5, $6)")
            .bind(self.id.uuid())
            .bind(view.id.uuid())
            .bind(i64::try_from(view.version).unwrap())
            .bind(view.owner.map(MemberId::uuid))
            .bind(view.erased)
            .bind(serde_json::to_value(view).unwrap())
            .execute(&self.house.superuser)
            .await
            .unwrap();
    }

    pub async fn sale(&self, lead: LeadId, owner: Option<MemberId>, opened_at: DateTime<Utc>) {
        sqlx::query(
            "INSERT INTO rm_sale_board_1.sales VALUES ($1, $2, 1, $3, 'A Person', $4, 'kyc', \
             12300, 'UAH', NULL, NULL, false, $5, $5, NULL, false)",
        )
        .bind(self.id.uuid())
        .bind(SaleId::of(lead).uuid())
        .bind(lead.uuid())
        .bind(owner.map(MemberId::uuid))
        .bind(opened_at)
        .execute(&self.house.superuser)
        .await
        .unwrap();
    }

    /// The assistant was asked: it cost this in a month, and in 2020 a thousand before that.
    pub async fn asked(&self, month: &str, cost: u64) {
        sqlx::query(
            "INSERT INTO rm_advisor_1.advisors (workspace, id, version, changed, outcomes, \
             outside, questions) VALUES ($1, $2, 1, 0, 0, '[]', $3)",
        )
        .bind(self.id.uuid())
        .bind(AdvisorId::of(self.id).uuid())
        .bind(json!({ "input_tokens": 40, "output_tokens": 4,
            "cost_micro_usd": { "2020-01": 1_000, month: cost } }))
        .execute(&self.house.superuser)
        .await
        .unwrap();
    }

    /// Asks as a member and gives the whole answer.
    pub async fn answer(&self, name: &str, query: &Query) -> Value {
        let credential = Credential::Operator { as_member: Some(self.of(name)) };
        self.answer_to(Edge::Cli, credential, query, None).await
    }

    pub async fn answer_to(
        &self,
        edge: Edge,
        credential: Credential,
        query: &Query,
        after: Option<PositionToken>,
    ) -> Value {
        let request = QueryRequest { credential, after, query: query.clone() };
        let subject = subjects::query(edge, self.id, query.name());
        let body = serde_json::to_vec(&request).unwrap();
        serde_json::from_slice(&self.house.desk.answer(&subject, &body).await).unwrap()
    }

    pub async fn answer_to_operator(&self, query: &Query) -> Value {
        self.answer_to(Edge::Cli, Credential::Operator { as_member: None }, query, None).await
    }

    pub async fn answer_to_scoring(&self, query: &Query) -> Value {
        let principal = ServicePrincipal::Scoring;
        let credential = Credential::Service { principal, on_behalf_of: None };
        self.answer_to(Edge::Scoring, credential, query, None).await
    }

    /// Asks as a member; the question is answered.
    pub async fn ask<T: DeserializeOwned>(&self, name: &str, query: Query) -> T {
        found(self.answer(name, &query).await)
    }

    /// Asks as a member; the question is refused with this code.
    pub async fn refused(&self, name: &str, query: Query) -> String {
        code(&self.answer(name, &query).await)
    }
}

pub fn found<T: DeserializeOwned>(answer: Value) -> T {
    assert_eq!(answer["outcome"], "found", "{answer}");
    serde_json::from_value(answer["value"].clone()).expect("the answer's form")
}

pub fn code(answer: &Value) -> String {
    assert_eq!(answer["outcome"], "rejected", "{answer}");
    answer["code"].as_str().expect("a code").to_owned()
}

pub fn view_of(id: LeadId, given: &Given) -> LeadView {
    LeadView {
        id,
        version: 1,
        stage: given.stage,
        source: given.source,
        business_domain: given.domain.map(|slug| slug.parse().unwrap()),
        owner: given.owner,
        contact: given.contact.clone(),
        intent: None,
        budget: None,
        pain_points: vec![],
        tags: given.tags.iter().map(|tag| tag.parse().unwrap()).collect(),
        message_count: 3,
        notes: vec![],
        files: vec![],
        analysis: None,
        ai_stale: None,
        analysis_pending: false,
        lost_reason: None,
        lost_text: None,
        sale_id: None,
        overridden: None,
        merged_into: None,
        absorbed: vec![],
        imported: false,
        attributes: BTreeMap::new(),
        created_at: given.created_at,
        updated_at: given.updated_at,
        stage_since: given.created_at,
        erased: false,
    }
}
