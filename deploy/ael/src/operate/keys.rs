//! `ael keys`: the master key, which wraps the key of every person.

use super::access::Access;
use crate::import::progress;
use crate::problem::Problem;
use crate::session::Global;
use ael_seal::MasterKeyring;
use ael_service::Env;
use ael_store::{DbRole, keys};
use clap::Subcommand;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

/// How many keys are wrapped anew at once: short transactions, so that nobody waits.
const CHUNK: u32 = 500;

/// What can be done with keys.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a new master key, wrap every data key with it, and forget the old one
    #[command(
        after_help = "Nothing has to be stopped. If it is interrupted, run it again: the old \
        key is forgotten only when nothing needs it.\n\nExample:\n  ael keys rotate"
    )]
    Rotate,
}

impl KeysCommand {
    /// Does it.
    pub async fn run(self, global: &Global) -> anyhow::Result<()> {
        match self {
            Self::Rotate => rotate(global).await,
        }
    }
}

async fn rotate(global: &Global) -> anyhow::Result<()> {
    if Env::of_process().get("AEL_MASTER_KEY").is_some() {
        let what = "the master key comes from AEL_MASTER_KEY, which we cannot change";
        let advice = "Put a new key before the old one, separated by a comma, restart the \
                      services with it, and run this without AEL_MASTER_KEY set.";
        return Err(Problem::new("not_here", what, advice).into());
    }
    let (access, out) = (Access::new(global)?, global.output());
    let home = access.running().home();
    let old = home.master_key(|| -> anyhow::Result<SecretString> {
        anyhow::bail!("the home has no master key: has `ael up` run here?")
    })?;
    let fresh = MasterKeyring::generate_text()?;
    // Both are known from now on; running services read the file again when it changes.
    home.replace_master_key(&format!("{fresh},{}", old.expose_secret()).into())?;
    let keyring = MasterKeyring::from_file(&home.master_key_file())?;
    let owner = access.pool(DbRole::Owner).await?;
    let bar = progress::bar(keys::remaining(&owner, &keyring).await?, "wrapping", out.json);
    let mut wrapped = 0;
    loop {
        let chunk = keys::rotate(&owner, &keyring, CHUNK).await?;
        wrapped += chunk;
        bar.set_position(wrapped);
        if chunk == 0 && keys::remaining(&owner, &keyring).await? == 0 {
            break;
        }
    }
    bar.finish_and_clear();
    home.replace_master_key(&fresh.into())?;
    out.answer(&json!({ "rewrapped": wrapped }), |out| {
        out.say(format!("{} {wrapped} data keys are wrapped by a new master key", out.good("✓")))?;
        let file = home.master_key_file().display().to_string();
        out.say(out.dim(format!("keep a copy of {file} somewhere safe")))
    })
}
