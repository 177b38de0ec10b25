//! The words of a question, and what each may mean: Ukrainian and English by their stems, since
//! both bend their words.

use ael_events::values::{Channel, Language, LostReason, SaleStage, Source, Stage, Tier};

/// What a word may mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::assistant) enum Sense {
    Lead,
    Tier(Tier),
    Stage(Stage),
    SaleStage(SaleStage),
    Source(Source),
    Reason(LostReason),
    Channel(Channel),
    Mine,
    Nobody,
    HowMany,
    Show,
    Find,
    About,
    Attention,
    Overview,
    Money,
    Domain,
    FromWhere,
    Colleague,
    Best,
    Funnel,
    Sale,
    Today,
    Yesterday,
    Week,
    Month,
    Mark,
    Add,
    Note,
    Message,
    Incoming,
    Reached,
    Give,
    Take,
    Release,
    Qualify,
    Analyse,
    Help,
    Hello,
    Thanks,
    Him,
    Nth(usize),
    All,
    /// A word that says nothing by itself.
    Filler,
}

impl Sense {
    /// Which one of several it names.
    pub(super) const fn nth(self) -> Option<usize> {
        if let Self::Nth(nth) = self { Some(nth) } else { None }
    }
}

/// A word as it stands and as it is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::assistant) struct Word {
    pub(in crate::assistant) written: String,
    /// Where it stands: the first byte of it.
    pub(in crate::assistant) at: usize,
    pub(in crate::assistant) plain: String,
    pub(super) senses: Vec<Sense>,
}

impl Word {
    pub(super) fn is(&self, sense: Sense) -> bool {
        self.senses.contains(&sense)
    }

    /// Whether it may be (a part of) a name: it means nothing that we know.
    pub(in crate::assistant) fn is_unknown(&self) -> bool {
        self.senses.is_empty()
    }

    pub(in crate::assistant) fn is_capitalised(&self) -> bool {
        self.written.chars().next().is_some_and(char::is_uppercase)
    }

    fn is_cyrillic(&self) -> bool {
        self.plain.chars().any(|c| ('а'..='ґ').contains(&c))
    }
}

/// The words of a text, what holds them together left out.
pub(in crate::assistant) fn words_of(text: &str) -> Vec<Word> {
    let inside = |c: char| c.is_alphanumeric() || "'’ʼ`-+@._".contains(c);
    text.split(|c: char| !inside(c))
        .map(|word| word.trim_matches(|c: char| "'’ʼ`-._".contains(c)))
        .filter(|word| !word.is_empty())
        .map(|word| {
            let plain = plain(word);
            let senses = senses_of(&plain);
            let at = word.as_ptr().addr().saturating_sub(text.as_ptr().addr());
            Word { written: word.to_owned(), at, plain, senses }
        })
        .collect()
}

/// Lower case, one apostrophe, no possessive.
fn plain(word: &str) -> String {
    let lower = word.to_lowercase().replace(['’', 'ʼ', '`'], "'");
    lower.strip_suffix("'s").map_or(lower.clone(), str::to_owned)
}

/// The language of a question, by its words that are no names; nothing, when there is none.
pub(super) fn language_of(words: &[Word]) -> Option<Language> {
    let telling = |word: &&Word| !word.is_unknown() || !word.is_capitalised();
    let letters = |word: &&Word| word.plain.chars().any(char::is_alphabetic);
    let told: Vec<&Word> = words.iter().filter(telling).filter(letters).collect();
    let cyrillic = told.iter().filter(|word| word.is_cyrillic()).count();
    match (told.len(), 2 * cyrillic) {
        (0, _) => None,
        (all, twice) if twice >= all => Some(Language::Uk),
        (_, _) => Some(Language::En),
    }
}

fn senses_of(plain: &str) -> Vec<Sense> {
    let fits = |stem: &&str| match stem.strip_suffix('$') {
        Some(whole) => plain == whole,
        None => plain.starts_with(*stem),
    };
    let mut senses: Vec<Sense> = LEXICON
        .iter()
        .filter(|(_, stems)| stems.split_whitespace().any(|stem| fits(&stem)))
        .map(|(sense, _)| *sense)
        .collect();
    senses.dedup();
    senses
}

/// What words mean: beginnings of words, or whole words with a `$`.
const LEXICON: &[(Sense, &str)] = &[
    (
        Sense::Lead,
        "lead$ leads$ лід$ ліди$ лідів$ ліда$ ліду$ лідом$ лідами$ лідам$ лідах$ лиди$ \
        лидов$ контакт$ контакти$ клієнт client customer$ customers$ prospect",
    ),
    (Sense::Tier(Tier::Hot), "hot$ hottest$ гаряч горяч найгаряч перспектив promising"),
    (Sense::Tier(Tier::Warm), "warm$ тепл"),
    (Sense::Tier(Tier::Cold), "cold$ холодн"),
    (Sense::Tier(Tier::Dead), "dead$ мертв безнадійн hopeless"),
    (
        Sense::Stage(Stage::New),
        "new$ newest$ нов$ новий$ нові$ нових$ нова$ новим$ нового$ новому$ \
        новенькі$ новеньких$ свіж fresh$",
    ),
    (
        Sense::Stage(Stage::Contacted),
        "contacted$ контактован зконтактован сконтактован зв'язались \
        зв'язалися законтач",
    ),
    (Sense::Stage(Stage::Qualified), "qualified$ кваліфікован"),
    (
        Sense::Stage(Stage::Transferred),
        "transferred$ handed$ переданий$ передані$ переданих$ \
        передано$ трансфер",
    ),
    (Sense::Stage(Stage::Lost), "lost$ втрачен загублен програн злив$ злили$"),
    (Sense::SaleStage(SaleStage::Kyc), "kyc$ кус$ кві$ верифікац"),
    (
        Sense::SaleStage(SaleStage::Agreement),
        "agreement$ agreements$ contract$ договір$ договор \
        підписан",
    ),
    (Sense::SaleStage(SaleStage::Paid), "paid$ оплачен сплачен won$ closed$ виграл виграних"),
    (Sense::Source(Source::Scanner), "scanner$ scanners$ scan$ сканер скан$"),
    (Sense::Source(Source::Partner), "partner$ partners$ партнер"),
    (Sense::Source(Source::Manual), "manual$ manually$ вручну$ ручн рук$ hand$"),
    (
        Sense::Reason(LostReason::NoBudget),
        "budget$ money$ expensive$ бюджет грошей$ коштів$ дорого$ \
        дорог",
    ),
    (
        Sense::Reason(LostReason::NoResponse),
        "response$ respond answer$ answering$ answers$ reply \
        replies unresponsive ghosted мовчить$ мовчит відповіда відповід ігнор зник$ зникла$ \
        бере$",
    ),
    (Sense::Reason(LostReason::Competitor), "competitor competition$ конкурент"),
    (
        Sense::Reason(LostReason::NotInterested),
        "interested$ interest$ цікав зацікавлен хоче$ want$ \
        wants$ потрібно$ need$",
    ),
    (
        Sense::Reason(LostReason::InvalidContact),
        "invalid$ wrong$ недійсн неправильн невірн хибн \
        fake$",
    ),
    (
        Sense::Channel(Channel::Phone),
        "call$ calls$ called$ phone$ дзвін дзвон подзвон зателефон \
        телефон",
    ),
    (
        Sense::Channel(Channel::Email),
        "email$ e-mail$ emails$ mail$ лист$ листа$ листи$ листів$ \
        пошт імейл емейл",
    ),
    (Sense::Channel(Channel::Telegram), "telegram$ телеграм тг$ tg$"),
    (Sense::Mine, "my$ mine$ мої$ моїх$ мій$ моя$ моє$ моїм$ моїми$ мною$ own$ свої$ своїх$"),
    (
        Sense::Nobody,
        "nobody$ unowned$ unassigned$ ownerless$ free$ no-one$ нічиї$ нічий$ нічийні$ \
        нічийних$ вільн ніким$ ніхто$ нікому$ нерозподілен непризначен",
    ),
    (Sense::HowMany, "many$ much$ count$ number$ скільки$ кількість$ порахуй$ к-ть$"),
    (
        Sense::Show,
        "show$ list$ give$ display$ see$ which$ покаж покаж$ виведи$ дай$ дайте$ список$ \
        перелік$ які$ яких$ хто$ кого$ хочу$",
    ),
    (Sense::Find, "find$ search$ look$ знайд знайти$ найди$ шука пошук$ пошукай$ є$"),
    (
        Sense::About,
        "about$ про$ status$ tell$ розкажи$ розказ details$ деталі$ картк card$ info$ \
        information$ інфо$ інформаці стан$ стані$ who$",
    ),
    (
        Sense::Attention,
        "attention$ overdue$ late$ stale$ waiting$ urgent$ forgotten$ neglected$ \
        idle$ stuck$ priority$ priorities$ focus$ уваг прострочен простроч запізн терміново$ \
        термінов забут завис застоял застряг горить$ горят горять$ пріоритет занедбан чека$ \
        чекає$ чекають$ давно$ спізн",
    ),
    (
        Sense::Overview,
        "statistics$ stats$ stat$ statistic$ overview$ summary$ numbers$ metrics$ \
        report$ doing$ going$ статистик огляд$ підсумк показник звіт цифри$ цифр$ загальн справи$ \
        conversion$ конверсі win-rate$",
    ),
    (
        Sense::Money,
        "revenue$ money$ income$ earned$ earn$ earnings$ turnover$ виручк дохід$ доход \
        грош зароб заробіт заробл виторг прибут оборот",
    ),
    (
        Sense::Domain,
        "domain$ domains$ line$ lines$ business$ direction напрям доменах$ домен$ \
        доменами$ домени$ бізнес",
    ),
    (Sense::FromWhere, "source$ sources$ channel$ channels$ джерел звідки$ канал"),
    (
        Sense::Colleague,
        "agent$ agents$ member$ members$ colleague team$ manager$ managers$ people$ \
        rep$ reps$ who$ агент менеджер колег команд працівник співробітник хто$",
    ),
    (
        Sense::Best,
        "best$ top$ most$ busiest$ works$ working$ performance$ performing$ найкращ \
        краще$ працює$ найбільше$ топ$ веде$ веди",
    ),
    (Sense::Funnel, "funnel$ pipeline$ stages$ stage$ воронк лійк стаді стадія$ етап"),
    (Sense::Sale, "sale$ sales$ deal$ deals$ продаж угода$ угод$ угоду$"),
    (Sense::Today, "today$ сьогодні$ сьогоднішн"),
    (Sense::Yesterday, "yesterday$ вчора$ учора$ вчорашн"),
    (Sense::Week, "week$ weekly$ тижн тиждень$"),
    (Sense::Month, "month$ monthly$ місяц місяць$"),
    (
        Sense::Mark,
        "mark$ set$ move$ close$ change$ познач відміт відмін зміни$ переведи$ \
        перевести$ перемісти$ постав$ закрий$ закрити$ став$",
    ),
    (
        Sense::Add,
        "add$ write$ log$ record$ leave$ note$ put$ save$ додай$ додати$ запиши$ записати$ \
        занотуй$ нотуй$ залиши$ зафіксуй$ збережи$",
    ),
    (
        Sense::Note,
        "note$ notes$ comment$ нотатк нотатоку примітк коментар занотуй$ нотуй$ \
        замітк",
    ),
    (Sense::Message, "message$ messages$ conversation$ chat$ повідомлен розмов переписк"),
    (Sense::Incoming, "incoming$ inbound$ received$ вхідн отриман from$ від$"),
    (
        Sense::Reached,
        "spoke$ talked$ reached$ contacted$ called$ поговорив$ поговорила$ говорив$ \
        говорила$ зв'язався$ зв'язалася$ зв'язалась$ додзвонився$ додзвонилася$ додзвонилась$ \
        подзвонив$ подзвонила$ зателефонував$ зателефонувала$ поспілкувався$ поспілкувалася$ \
        поспілкувалась$",
    ),
    (
        Sense::Give,
        "assign$ reassign$ give$ hand$ transfer$ признач віддай$ передай$ закріпи$ \
        перепризнач розподіли$ доручи$",
    ),
    (Sense::Take, "take$ claim$ grab$ забираю$ беру$ візьму$ забери$ заберу$ взяти$ забрати$"),
    (Sense::Release, "release$ unassign$ звільни$ відкріпи$"),
    (Sense::Qualify, "qualify$ кваліфікуй$ кваліфікувати$ кваліфікуємо$ кваліфікуйте$"),
    (
        Sense::Analyse,
        "analyse$ analyze$ score$ rescore$ evaluate$ assess$ analysis$ проаналізуй$ \
        проаналізувати$ оціни$ оцінити$ переоціни$ проскор аналіз$",
    ),
    (
        Sense::Help,
        "help$ can$ able$ допомож допомога$ вмієш$ умієш$ можеш$ команди$ підкажи$ \
        commands$ capabilities$",
    ),
    (
        Sense::Hello,
        "hello$ hi$ hey$ привіт вітаю$ добрий$ доброго$ добридень$ доброї$ morning$ \
        здоров",
    ),
    (Sense::Thanks, "thanks$ thank$ thx$ дякую$ дяк$ спасибі$ cheers$"),
    (
        Sense::Him,
        "him$ her$ his$ hers$ it$ its$ them$ he$ she$ його$ її$ ним$ нею$ йому$ їй$ \
        нього$ неї$ нього$ ньому$ цього$ цей$ цьому$ цим$ ця$ цю$ він$ вона$ this$ that$",
    ),
    (Sense::Nth(1), "first$ перший$ першого$ першому$ перша$ першу$ першим$ #1$ 1st$"),
    (Sense::Nth(2), "second$ другий$ другого$ другому$ друга$ другу$ другим$ 2nd$"),
    (Sense::Nth(3), "third$ третій$ третього$ третьому$ третя$ третю$ третім$ 3rd$"),
    (Sense::Nth(4), "fourth$ четвертий$ четвертого$ четвертому$ четверту$ 4th$"),
    (Sense::Nth(5), "fifth$ п'ятий$ п'ятого$ п'ятому$ п'яту$ 5th$"),
    (Sense::All, "all$ total$ everything$ всі$ усі$ всього$ усього$ всіх$ загалом$ разом$"),
    (Sense::Filler, FILLER),
];

const FILLER: &str = "a$ an$ the$ is$ are$ was$ were$ be$ been$ do$ does$ did$ have$ has$ \
        had$ i$ i'm$ i've$ \
    i'd$ i'll$ we$ we've$ you$ your$ me$ us$ our$ they$ there$ here$ and$ or$ but$ to$ of$ in$ \
    on$ at$ by$ for$ from$ with$ as$ so$ if$ then$ than$ what$ what're$ where$ when$ why$ how$ \
    how's$ please$ pls$ could$ would$ should$ will$ shall$ may$ might$ get$ got$ any$ some$ \
    not$ no$ don't$ doesn't$ isn't$ didn't$ can't$ need$ needs$ want$ wants$ like$ just$ now$ \
    still$ yet$ already$ last$ this$ these$ those$ up$ out$ over$ into$ their$ right$ \
    currently$ today$ because$ since$ per$ each$ every$ let$ let's$ make$ someone$ somebody$ \
    ok$ okay$ well$ too$ also$ one$ ones$ named$ called$ person$ company$ more$ again$ came$ \
    come$ comes$ coming$ ask$ request$ run$ start$ begin$ needing$ без$ в$ у$ на$ з$ із$ зі$ \
    зо$ до$ від$ по$ за$ для$ при$ про$ над$ під$ через$ і$ й$ та$ а$ але$ чи$ або$ що$ щоб$ \
    щодо$ як$ яка$ який$ яке$ якій$ якому$ де$ коли$ чому$ там$ тут$ ще$ вже$ уже$ не$ ні$ \
    нема$ немає$ є$ був$ була$ було$ були$ буде$ будуть$ мені$ мене$ нам$ нас$ я$ ми$ ти$ ви$ \
    вони$ їх$ їм$ тобі$ собі$ себе$ будь$ ласка$ ласочка$ плиз$ треба$ потрібно$ потрібна$ \
    потрібні$ потребує$ потребують$ хотів$ хотіла$ би$ б$ ж$ же$ то$ це$ ось$ тепер$ зараз$ \
    прийшло$ прийшли$ прийшов$ прийшла$ надійшло$ надійшли$ останн тому$ бо$ адже$ так$ також$ \
    маємо$ має$ мають$ маю$ ім'я$ ім'ям$ прізвище$ звати$ звуть$ людин людей$ компані номер$ \
    without$ owner$ власник$ власника$ такий$ така$ таке$ такі$ якого$ якої$ якими$ твоя$ ну$ \
    давай$ зроби$ зробити$ запусти$ запит$ попроси$ одного$ цей$ цих$ ці$ тих$ ті$ цьому$ \
    більше$ compare$ explain$ describe$ summarise$ summarize$ between$ порівняй$ поясни$ \
    опиши$ підсумуй$ кожн саме$ лише$ тільки$ серед$";
