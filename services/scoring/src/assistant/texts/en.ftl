# What the assistant says in English.

hello = Hi! Ask me about your leads, sales and numbers. For example: "{ suggest-hot }"
thanks = Happy to help!
help =
    Here is what I can do:
    • leads: "hot leads", "my leads", "new from the scanner this week"
    • how many: "how many leads from partners?"
    • what waits: "what needs attention?"
    • numbers: "statistics", "by domain", "by source", "who works what", "revenue"
    • one lead: "find Petrenko", "what about Petrenko?"
    • sales: "sales in agreement"
    • changes, which I only prepare for you to confirm: "mark Petrenko as contacted", "qualify her", "mark him as lost: no budget", "add a note to Petrenko: call on Monday", "log 3 messages with Petrenko", "assign Petrenko to Sofia", "analyse Petrenko"
unclear = I am not sure what you mean, sorry. I can show leads ("hot leads"), count them ("how many from the scanner?"), tell what needs attention, give numbers ("statistics by domain"), find somebody ("find Petrenko") and prepare changes ("mark Petrenko as contacted").
cloud-away = (The language model is away, so I answer by my own rules.)
not-permitted = I may not look that up for you: your token needs { $scope }.

suggest-hot = Hot leads
suggest-attention = What needs attention?
suggest-statistics = Statistics
suggest-mine = My leads
suggest-domains = Statistics by domain
suggest-agents = Who works what?
suggest-contacted = Mark { $name } as contacted
suggest-qualify = Qualify { $name }
suggest-analyse = Analyse { $name }
suggest-about = What about { $name }?

no-name = (no name)
erased-name = (erased person)
nobody = nobody
you = you

stage-new = new
stage-contacted = contacted
stage-qualified = qualified
stage-transferred = transferred
stage-lost = lost
sale-new = new
sale-kyc = KYC
sale-agreement = agreement
sale-paid = paid
sale-lost = lost
source-scanner = scanner
source-partner = partner
source-manual = entered by hand
tier-hot = hot
tier-warm = warm
tier-cold = cold
tier-dead = hopeless
reason-no_budget = no budget
reason-no_response = no response
reason-competitor = went to a competitor
reason-not_interested = not interested
reason-invalid_contact = invalid contact
reason-other = another reason
tiers-hot = hot
tiers-warm = warm
tiers-cold = cold
tiers-dead = hopeless
recommendation-transfer = hand to sales
recommendation-nurture = keep in touch
recommendation-discard = not worth the time
channel-phone = by phone
channel-email = by e-mail
channel-telegram = in Telegram
channel-meeting = face to face
channel-other = with them
since-today = in the last 24 hours
since-yesterday = since yesterday
since-week = in the last 7 days
since-month = in the last 30 days

days = { $count ->
    [one] { $count } day
   *[other] { $count } days
}
hours = { $count ->
    [one] { $count } hour
   *[other] { $count } hours
}
ago = { $when } ago
just-now = just now

leads-found = { $count ->
    [one] One lead{ $which }:
   *[other] { $count } leads{ $which }:
}
leads-first = The first { $shown } of many leads{ $which }:
leads-none = There are no such leads{ $which }.
which-tier = {" "}({ $tier })
which-stage = {" "}({ $stage })
which-source = {" "}(from: { $source })
which-mine = {" "}(yours)
which-nobodys = {" "}(without an owner)
which-about = {" "}("{ $words }")
which-since = {" "}{ $since }
count = { $count ->
    [0] No leads{ $which }.
    [one] 1 lead{ $which }.
   *[other] { $count } leads{ $which }.
}
count-more = More than { $count } leads{ $which }.
score = score { $score } ({ $tier })
no-score = no score yet
owner = with { $name }
unowned = without an owner

found-none = I found nobody by "{ $words }" among the leads that you can see. Check the spelling, or try a part of the name, the company or the phone number.
found-several = { $count ->
   *[other] I found { $count } who fit "{ $words }". Who do you mean?
}
nobody-before = Whom do you mean? Give me a name, for example: "What about Petrenko?"
no-such-nth = My last list was shorter than that. Whom do you mean?

card-head = { $name } — { $stage }, { $source }
card-where = { $position } at { $company }
card-reach = Reach: { $ways }
card-no-reach = There is no way to reach them yet.
card-owner = Owner: { $name }
card-domain = Business domain: { $domain }
card-score = Score { $score } ({ $tier }): { $recommendation }.
card-no-score = No analysis yet.
card-pending = An analysis is on its way.
card-messages = { $count ->
    [0] No messages yet
    [one] 1 message
   *[other] { $count } messages
}; last news { $when }.
card-intent = Wants: { $intent }
card-note = Note: { $note }
card-lost = Lost: { $reason }
card-sale = Sale: { $stage }{ $amount }

attention-none = Nothing waits: no lead is late or forgotten. Well done!
attention-head = { $count ->
    [one] One lead needs attention:
   *[other] { $count } leads need attention:
}
attention-worst = { $count ->
   *[other] { $count } leads are past their deadline. These wait the most:
}
attention-late = { $stage } in this stage, last news { $idle }
attention-unscored = no analysis

overview = { $leads ->
    [one] 1 lead
   *[other] { $leads } leads
}{ $mine }, { $unowned } without an owner. { $sales ->
    [one] 1 sale
   *[other] { $sales } sales
}, { $converted } paid{ $rate }.
overview-mine = {" "}of yours
overview-rate = {", "}{ $rate } % of those that ended
overview-tiers = By score: { $tiers }.
funnel-head = Leads by stage:
funnel-sales = Sales by stage:
sources-head = By source:
domains-head = By business domain:
domain-none = without a domain
agents-head = Who works what:
share = { $name }: { $leads ->
    [one] 1 lead
   *[other] { $leads } leads
}, { $converted } paid
agent-line = { $name }: { $leads ->
    [one] 1 open lead
   *[other] { $leads } open leads
}, { $converted ->
    [one] 1 paid sale
   *[other] { $converted } paid sales
}
numbers-none = There is nothing to count yet.
revenue-none = Nothing is paid or expected yet.
revenue-line = Paid: { $paid }, expected: { $expected }

sales-found = { $count ->
    [one] One sale{ $which }:
   *[other] { $count } sales{ $which }:
}
sales-first = The newest { $shown } sales{ $which }:
sales-none = There are no such sales{ $which }.
sales-count = { $count ->
    [0] No sales{ $which }.
    [one] 1 sale{ $which }.
   *[other] { $count } sales{ $which }.
}
no-amount = no amount yet

propose-contacted = Mark { $name } as contacted?
propose-qualify = Qualify { $name }?
propose-lost = Mark { $name } as lost ({ $reason })?
propose-note = Add this note to { $name }: "{ $note }"?
propose-message = Log { $count ->
    [one] 1 message
   *[other] { $count } messages
} { $direction ->
    [incoming] from
   *[outgoing] to
} { $name } ({ $channel })?
propose-assign = Give { $name } to { $to }?
propose-release = Take { $name } from its owner?
propose-analyse = Ask the advisor about { $name }?
propose-transfer = Hand { $name } to sales?
consequence-stage = The stage changes from "{ $from }" to "{ $to }".
consequence-lost = It leaves the work in progress; only a manager can reopen it.
consequence-note = Everybody who sees the lead sees the note.
consequence-messages = The message count goes from { $from } to { $to }.
consequence-owner = The owner changes from { $from } to { $to }.
consequence-take = Only you and managers will see it then.
consequence-analysis = The score is worked out anew, in a moment.
consequence-transfer = A sale is opened; the lead cannot go back.
already = { $name } is in the stage "{ $stage }" already.
not-from = { $name } is in the stage "{ $stage }": from there that is not possible.
missing-reach = { $name } has no e-mail, phone or Telegram yet. Add one of them first, then it can be marked as contacted.
missing-details = Before { $name } can be qualified, this is missing: { $missing }.
missing-name = a full name
missing-domain = a business domain
missing-contact = a way to reach them
which-reason = Why was { $name } lost? Say one of: no budget, no response, competitor, not interested, invalid contact, or write the reason after a colon.
which-note = What shall the note to { $name } say? For example: "add a note to { $name }: call on Monday"
only-managers = That is for a manager to decide.
taken-already = { $name } is with { $owner }; giving it to somebody else is for a manager to decide.
not-yours = { $name } is not your lead, so you cannot do that.
needs-reason = The analysis of { $name } is missing, or lower than the workspace asks for. A transfer needs your reason then: do it on the lead itself and write why.
no-colleague = I know no active colleague called "{ $words }".
several-colleagues = Several colleagues are called "{ $words }": { $names }. Whom do you mean?
already-theirs = { $name } is with { $to } already.
confirm = Nothing has changed yet: confirm, and it is done.
funnel-late = {", "}{ $count } late
