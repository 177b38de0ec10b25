# What the bot says in English. Telegram's HTML; what is put in is escaped.

menu-leads = 📋 Leads
menu-sales = 💰 Sales
menu-stats = 📊 Stats
menu-new = ➕ New Lead
menu-assist = 🤖 AI Assist
menu-quick = ⚡ Quick
menu-settings = ⚙️ Settings
menu-again = The menu speaks English now.

welcome =
    👋 Hello, <b>{ $name }</b>!
    You are { $role } in <b>{ $workspace }</b>.

    Tap a button below, send me a name to find somebody, or paste a business card to enter a new lead.
help =
    <b>What I can do</b>
    📋 <b>Leads</b>: lists by stage, source, domain and score; a card for each lead with all that can be done
    💰 <b>Sales</b>: from transfer to payment
    📊 <b>Stats</b>: the numbers, also as a picture
    ➕ <b>New Lead</b>: step by step, or paste a business card or a signature, forward a message, share a contact
    🤖 <b>AI Assist</b>: ask in your own words
    ⚡ <b>Quick</b>: your hot leads, what goes stale, what is overdue

    Send me a part of a name, a phone number or an e-mail address to find somebody; small typos are fine.
    /menu /find /new /stats /settings /cancel
help-admin = /invite: bring a colleague in
unreadable = I can read text and shared contacts. Send me a name to find somebody, or paste a business card.
unknown-command = I don't know this command. /help says what I can do.

stranger =
    👋 I am the assistant of a sales team, and I don't know you yet.

    Ask an Admin of your team for an invitation link and open it: it lets you in at once. Your Telegram number is <code>{ $account }</code>.
stranger-press = This is for members of the team. Ask an Admin for an invitation link.
invitation-broken = This invitation link is not whole. Open the link itself rather than typing it, or ask your Admin for a new one.
invitation-in-group = Open an invitation link in a chat with me alone: here others can read it.
in-group = Let us work in a chat of our own: here others read along. To share a lead here, type @ and my name, and a part of the lead’s name.
in-group-press = Open a chat with me alone: here others read along.
open-chat = 💬 Open our chat
already-in = You are in already. /menu shows what you can do.
choose-workspace = You belong to several workspaces. In which one do you want to work?

button-old = This button is from earlier: /menu shows how things are now.
changed-meanwhile = It changed meanwhile: this is how it is now.
nothing-to-cancel = There is nothing to cancel. Here is the menu.
cancelled = ✖️ { $what }: cancelled. Nothing was changed.
put-aside = ✖️ { $what }: not finished, dropped.
where-were-we =
    🕰 Where were we? You had begun: <b>{ $what }</b>.
    What you just sent was not taken for an answer.
step = <i>Step { $step } of { $of }</i>
so-far = So far: <b>{ $what }</b>

flow-back = ‹ Back
flow-skip = Skip
flow-cancel = ✖️ Cancel
flow-continue = Go on
flow-leave = Leave
flow-new-lead = New lead
flow-search = Search
flow-note = Note
flow-transfer = Transfer to sales
flow-lost = Reason for losing it
flow-roll-back = Rollback
flow-reopen = Reopening
flow-edit = Editing
flow-amount = Amount
flow-invite = Invitation
flow-assist = Conversation with the assistant

no-name = (no name)
erased-name = (erased person)
erased-text = (erased)
none-yet = —
no-such-lead = There is no such lead, or it is somebody else's now.
no-longer-yours = Done. The lead is somebody else's now, so I can't show it to you.
no-such-sale = There is no such sale, or it is somebody else's.

just-now = just now
ago-minutes = { $count } min ago
ago-hours = { $count } h ago
ago-days = { $count ->
    [one] { $count } day ago
   *[other] { $count } days ago
 }

stage-new = New
stage-contacted = Contacted
stage-qualified = Qualified
stage-transferred = Transferred
stage-lost = Lost
sale-new = New
sale-kyc = KYC
sale-agreement = Agreement
sale-paid = Paid
sale-lost = Lost
source-scanner = Scanner
source-partner = Partner
source-manual = Entered by hand
tier-hot = 🔥 Hot
tier-warm = 🌤 Warm
tier-cold = ❄️ Cold
tier-dead = 💀 Dead
advice-transfer = hand it to sales
advice-nurture = keep in touch
advice-discard = not worth the time
stale-stage-changed = The analysis is from an earlier stage
stale-domain-changed = The analysis is for another domain
stale-messages = Many messages since the analysis
stale-age = The analysis is old
reason-no-budget = No budget
reason-no-response = No response
reason-competitor = Went to a competitor
reason-not-interested = Not interested
reason-invalid-contact = Invalid contact
reason-other = Another reason…
role-agent = an Agent
role-manager = a Manager
role-admin = an Admin
contact-email = e-mail address
contact-phone = phone number
contact-telegram = Telegram name
contact-contact = contact
missing-way-to-reach = a phone, e-mail or Telegram
missing-full-name = a full name
missing-business-domain = a business domain

card-stage = { $progress } { $sign } <b>{ $stage }</b> · { $when }
card-score = 🤖 { $bar } <b>{ $score }</b> { $tier } · { $advice } · { $when }
card-unscored = 🤖 not analysed yet
card-analysing = 🤖 being analysed…
card-owner = 👤 { $name }
card-owner-me = 👤 you
card-owner-unknown = 👤 a colleague
card-unowned = 👤 nobody's yet
card-activity = 💬 { $messages } · 📝 { $notes } · last activity { $when }

contacted = 📞 Contacted
qualified = ✅ Qualified
transfer = 🚀 Transfer
lost = ❌ Lost
roll-back = ↩️ Rollback
reopen = ♻️ Reopen
assign = 👤 Assign
take = 🙋 Take it
analyse = 🤖 Analyse
one-message = 💬 +1 message
add-note = 📝 Add note
edit = ✏️ Edit
notes = 📝 Notes ({ $count })
files = 📎 Files ({ $count })
history = 🕓 History
open-sale = 💰 Sale
open-merged = Open the lead that has it all now
open-lead = 👤 { $name }
open-its-lead = 👤 Lead
write = ✍️ Write
share = ↗️ Share
undo = ↩️ Undo
undo-reason = Undone in Telegram right after it was pressed
back-to-card = ‹ Card
back-to-list = ‹ List
back-to-sale = ‹ Sale

done-created = ✅ The lead is entered.
done-contacted = ✅ Contacted.
done-qualified = ✅ Qualified.
done-transferred = 🚀 Handed to sales.
done-lost = Marked as lost.
done-rolled-back = ↩️ Taken back one stage.
done-reopened = ♻️ Reopened.
done-undone = ↩️ Undone.
done-assigned = ✅ Assigned.
done-analysed = 🤖 Analysed.
done-analysing = 🤖 The analysis is on its way: open the card again in a moment.
done-message = 💬 Logged.
done-note = 📝 Noted.
done-pinned = 📌 Pinned.
done-unpinned = Unpinned.
done-edited = ✅ Saved.
done-sale = ✅ Moved on.
done-sale-lost = Marked as lost.
done-amount = ✅ The amount is set.
done-settings = ✅ Saved.
done-draft = ✅ Done.

missing = To go on, this lead still needs <b>{ $what }</b>.
duplicate = 👯 There is a lead with the same { $kind } already: <b>{ $name }</b>.
duplicate-hidden = 👯 A colleague has a lead with the same { $kind } already. Ask your manager about it.
anyway = Enter it all the same

filters = 📋 <b>Which leads?</b>
filters-button = 🔎 Filters
filter-all = All
filter-mine = Mine
filter-unowned = Nobody's
filter-stale = Stale analysis
filter-my-hot = My hot leads
filter-my-stale = My stale leads
filter-search = “{ $words }”
list = 📋 <b>{ $title }</b> · { $count }
list-empty =
    📋 <b>{ $title }</b>
    There is nobody here. Try another filter, or enter a new lead.
search-short = Two letters at least, please.

lost-why = Why is it lost?
sale-lost-why = Why did it come to nothing?
assign-whom = Who is to work it? Beside each name: open leads.
colleague = { $name } · { $count }
nobody = Nobody

notes-title = 📝 <b>{ $name }</b>: notes ({ $count })
notes-none = There are no notes yet.
pin = 📌 { $text }
unpin = ✖️📌 { $text }
files-title = 📎 <b>{ $name }</b>: files
history-title = 🕓 <b>History</b>, page { $page }
actor-service = the system
somebody = a colleague of before
actor-operator = the operator

sales-all = All sales
sales-all-title = all
sales = 💰 <b>Sales</b>: { $which }, page { $page }
sales-empty =
    💰 <b>Sales</b>: { $which }
    There are none on page { $page }. A sale begins when a qualified lead is transferred.
sale-amount = Amount: <b>{ $amount }</b>
sale-no-amount = Amount: not set
sale-expected = Expected: { $amount }
sale-when = Opened { $opened } · last change { $changed }
sale-next = { $sign } Next: { $stage }
set-amount = 💵 Amount

stats-title = 📊 <b>The team's numbers</b>
stats-title-own = 📊 <b>Your numbers</b>
stats-leads = Leads: <b>{ $leads }</b>, nobody's: { $unowned }
stats-won = 💰 Sales: { $sales }, paid: <b>{ $won }</b>, win rate: <b>{ $rate }</b>
stats-revenue = 💵 Paid: <b>{ $paid }</b>, expected: { $expected }
stats-months = 📅 This month: { $leads } leads (before: { $leads_before }), { $won } paid (before: { $won_before })
stats-own = 👤 Your open leads: <b>{ $open }</b>, paid sales: <b>{ $won }</b>
stats-team = 👥 <b>Team</b>: open leads · paid sales
stats-member = { $name }: { $open } · { $won }
stats-picture = 🖼 As a picture
stats-caption = 📊 The numbers of this moment
stats-empty = 📊 There is nothing to count yet. Enter the first lead!
chart-title = Leads and sales
chart-leads = Leads by stage
chart-sales = Sales by stage
chart-sources = Leads by source
chart-months = Paid sales by month

quick = ⚡ <b>Quick</b>. The last lead: <b>{ $name }</b>
quick-none = ⚡ <b>Quick</b>
quick-hot = 🔥 My hot leads
quick-stale = ⚠️ My stale leads
quick-overdue = ⏰ Overdue: { $count }
quick-note = 📝 Note to the last lead
quick-message = 💬 +1 for the last lead
overdue = ⏰ <b>Over their stage's deadline</b>
overdue-none = ⏰ Nobody is overdue. Well done!

settings =
    ⚙️ <b>Settings</b>
    { $name }, { $role } in <b>{ $workspace }</b>
    Language, and rows of a page:
rows = { $count } rows
other-workspace = 🔀 Another workspace
invite = 👋 Invite a colleague

ask-search = 🔎 Whom are you looking for? A part of a name, a phone number, an e-mail address…
ask-source = 🧭 Where does the lead come from?
ask-name = 👤 What is the person's full name?
ask-contact = ☎️ How can they be reached? A phone number, an e-mail address, a @name: one or several. You may share a contact.
ask-domain = 🏢 For which business domain?
ask-intent = 💭 What do they want?
ask-confirm-lead = <b>Is it right?</b>
read-as-lead = 👀 I read this as a new lead.
not-reachable-yet = ⚠️ Without a way to reach them the lead can't become “contacted”.
create = ✅ Create
ask-note = 📝 What is to be noted about <b>{ $name }</b>?
ask-amount = 💵 What is the sale to bring? Such as 12 500 (in { $currency }) or 99 EUR.
ask-override = ⚠️ The analysis is missing, stale or low. You decide: why is this lead to go to sales?
ask-transfer = 🚀 Hand the lead to sales? Amount: <b>{ $amount }</b>
transfer-now = 🚀 Transfer
ask-lost-text = What was the reason? In a few words.
ask-roll-back = ↩️ Why is it taken back a stage? Ten characters at least.
ask-reopen = ♻️ Why does it begin anew? Ten characters at least.
ask-field = ✏️ What is to be changed?
ask-edit = ✏️ <b>{ $field }</b>: what is it to be?
tags-known = Your workspace knows: { $tags }
clear = 🧹 Empty it
field-name = Full name
field-phone = Phone
field-email = E-mail
field-telegram = Telegram
field-company = Company
field-position = Position
field-domain = Business domain
field-intent = Intent
field-budget = Budget
field-tags = Tags
ask-paid = 💰 What was paid? Such as 12 500 (in { $currency }) or 99 EUR.
ask-sale-amount = 💵 What is the sale to bring? Such as 12 500 (in { $currency }) or 99 EUR.
ask-invite = 👋 What is your colleague's name?
ask-invite-confirm = Invite <b>{ $name }</b> as an Agent?
invite-now = 👋 Make the link
invited =
    👋 The link for <b>{ $name }</b>, good once, until { $until }:
    { $link }

    Send it to them alone: whoever opens it is in.
ask-assist = 🤖 Ask me about your leads, sales and numbers, in your own words. Such as: “which hot leads are mine?”
assist-left = 🤖 Call me any time: the 🤖 button is in the menu.
assist-away = 🤖 The assistant does not answer at the moment. Nothing was done; ask again in a moment.
draft-yes = ✅ Do it
draft-no = ✖️ Discard
draft-dropped = ✖️ Discarded: { $what }

wrong-name = ⚠️ A name has 1 to 200 printable characters.
wrong-contact = ⚠️ I found no phone number, e-mail address or @name in this. Such as +380 67 123 45 67.
wrong-choice = ⚠️ Tap one of the buttons, please.
wrong-text = ⚠️ This text is empty, too long, or has characters that can't be kept.
wrong-reason = ⚠️ A reason has ten characters at least.
wrong-amount = ⚠️ I can't read this as an amount. Write 12500.50 or 99 EUR.
wrong-phone = ⚠️ This is no phone number. Such as +380 67 123 45 67.
wrong-email = ⚠️ This is no e-mail address. Such as name@example.com.
wrong-telegram = ⚠️ This is no Telegram name. Such as @name, 5 letters at least.
wrong-tags = ⚠️ A tag has letters, digits and dashes; several are separated by commas.
wrong-question = ⚠️ A question has 1 to 2,000 characters.

refused-role-too-low = Your role may not do this. Ask a Manager or an Admin.
refused-not-yours = This lead is somebody else's: ask its owner or a Manager.
refused-only-taking = You may take a lead that is nobody's, and not give it to others.
refused-only-for-yourself = You may enter leads for yourself only.
refused-wrong-stage = The lead is at a stage where this can't be done.
refused-already-at-stage = It is at this stage already.
refused-not-qualified = Only a qualified lead can be transferred to sales.
refused-erased = The person was erased: there is nothing to change any more.
refused-merged = This lead was merged into another one: change that one.
refused-unknown-domain = Your workspace does not know this business domain.
refused-unknown-tag = Your workspace does not know this tag.
refused-owner-not-active = This colleague is not active any more.
refused-amount-needed = A paid sale needs an amount.
refused-closed = The sale is closed and stays so.
refused-not-next-stage = This is not the sale's next stage.
refused-not-found = There is no such thing, or it is somebody else's.
refused-wrong-code = This invitation is not known. Ask your Admin for a new link.
refused-expired = This invitation has expired. Ask your Admin for a new link.
refused-already-accepted = This invitation was used already. If it was not you, tell your Admin.
refused-revoked = This invitation was taken back. Ask your Admin for a new link.
refused-member-deactivated = You were deactivated in this workspace. Ask your Admin.

event-lead-created = Entered
event-lead-imported = Imported
event-lead-details-edited = Edited
event-lead-assigned = Assigned
event-lead-contacted = Contacted
event-lead-qualified = Qualified
event-lead-transferred = Transferred to sales
event-lead-lost = Lost
event-lead-rolled-back = Taken back
event-lead-reopened = Reopened
event-lead-message-logged = Message
event-lead-note-added = Note
event-lead-note-pinned = Note pinned
event-lead-note-unpinned = Note unpinned
event-lead-file-attached = File attached
event-lead-file-removed = File removed
event-lead-analysis-requested = Analysis asked for
event-lead-analysed = Analysed
event-lead-merged-into = Merged into another lead
event-lead-absorbed = Took another lead over
event-lead-erased = Erased
event-sale-opened = Sale opened
event-sale-kyc-started = KYC begun
event-sale-agreement-started = Agreement begun
event-sale-paid = Paid
event-sale-lost = Sale lost
event-sale-amount-set = Amount set
changed-stage = Stage
changed-owner = Owner
changed-full-name = Name
changed-company = Company
changed-position = Position
changed-email = E-mail
changed-phone = Phone
changed-telegram = Telegram
changed-business-domain = Domain
changed-intent = Intent
changed-budget = Budget
changed-tags = Tags
changed-source = Source
changed-message-count = Messages
changed-ai-score = Score
changed-amount = Amount
changed-lost-reason = Reason
changed-ai-recommendation = Advice

command-menu = The menu
command-find = Find somebody: /find Petrenko
command-new = A new lead
command-leads = Leads
command-sales = Sales
command-stats = The numbers
command-settings = Settings
command-help = What I can do
command-cancel = Leave what is being filled in
