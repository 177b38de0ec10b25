# Що каже помічник українською.

hello = Вітаю! Питайте про ліди, продажі та цифри. Наприклад: «{ suggest-hot }»
thanks = Завжди радий допомогти!
help =
    Ось що я вмію:
    • ліди: «гарячі ліди», «мої ліди», «нові зі сканера за тиждень»
    • скільки: «скільки лідів від партнерів?»
    • що чекає: «що потребує уваги?»
    • цифри: «статистика», «за напрямами», «за джерелами», «хто що веде», «виручка»
    • один лід: «знайди Петренка», «що з Петренком?»
    • продажі: «продажі на етапі договору»
    • зміни, які я лише готую, а підтверджуєте ви: «познач Петренка як контактованого», «кваліфікуй її», «познач його втраченим: немає бюджету», «додай нотатку до Петренка: подзвонити в понеділок», «запиши 3 повідомлення з Петренком», «признач Петренка на Софію», «проаналізуй Петренка»
unclear = Вибачте, я не зрозумів. Я можу показати ліди («гарячі ліди»), порахувати їх («скільки зі сканера?»), сказати, що потребує уваги, дати цифри («статистика за напрямами»), знайти когось («знайди Петренка») і підготувати зміну («познач Петренка як контактованого»).
cloud-away = (Мовна модель зараз недоступна, тож відповідаю за власними правилами.)
not-permitted = Цього я вам показати не можу: ваш токен має дозволяти { $scope }.

suggest-hot = Гарячі ліди
suggest-attention = Що потребує уваги?
suggest-statistics = Статистика
suggest-mine = Мої ліди
suggest-domains = Статистика за напрямами
suggest-agents = Хто що веде?
suggest-contacted = Познач контактованим: { $name }
suggest-qualify = Кваліфікуй: { $name }
suggest-analyse = Проаналізуй: { $name }
suggest-about = Розкажи про: { $name }

no-name = (без імені)
erased-name = (стерта особа)
nobody = ніхто
you = ви

stage-new = новий
stage-contacted = контакт встановлено
stage-qualified = кваліфікований
stage-transferred = переданий у продажі
stage-lost = втрачений
sale-new = нова
sale-kyc = KYC
sale-agreement = договір
sale-paid = оплачена
sale-lost = втрачена
source-scanner = сканер
source-partner = партнер
source-manual = внесено вручну
tier-hot = гарячий
tier-warm = теплий
tier-cold = холодний
tier-dead = безнадійний
reason-no_budget = немає бюджету
reason-no_response = не відповідає
reason-competitor = пішов до конкурента
reason-not_interested = не цікаво
reason-invalid_contact = недійсний контакт
reason-other = інша причина
tiers-hot = гарячі
tiers-warm = теплі
tiers-cold = холодні
tiers-dead = безнадійні
recommendation-transfer = передати в продажі
recommendation-nurture = підтримувати контакт
recommendation-discard = не варто часу
channel-phone = телефоном
channel-email = поштою
channel-telegram = у Telegram
channel-meeting = на зустрічі
channel-other = переписка
since-today = за останню добу
since-yesterday = від учора
since-week = за останні 7 днів
since-month = за останні 30 днів

days = { $count ->
    [one] { $count } день
    [few] { $count } дні
   *[many] { $count } днів
}
hours = { $count ->
    [one] { $count } годину
    [few] { $count } години
   *[many] { $count } годин
}
ago = { $when } тому
just-now = щойно

leads-found = { $count ->
    [one] { $count } лід{ $which }:
    [few] { $count } ліди{ $which }:
   *[many] { $count } лідів{ $which }:
}
leads-first = Лідів багато; ось перші { $shown }{ $which }:
leads-none = Таких лідів немає{ $which }.
which-tier = {" "}({ $tier })
which-stage = {" "}(стадія: { $stage })
which-source = {" "}(джерело: { $source })
which-mine = {" "}(ваші)
which-nobodys = {" "}(без власника)
which-about = {" "}(«{ $words }»)
which-since = {" "}{ $since }
count = { $count ->
    [0] Жодного ліда{ $which }.
    [one] { $count } лід{ $which }.
    [few] { $count } ліди{ $which }.
   *[many] { $count } лідів{ $which }.
}
count-more = Більше ніж { $count } лідів{ $which }.
score = оцінка { $score } ({ $tier })
no-score = ще без оцінки
owner = веде { $name }
unowned = без власника

found-none = Нікого не знайшов за «{ $words }» серед лідів, які вам доступні. Перевірте написання або спробуйте частину імені, компанію чи номер телефону.
found-several = { $count ->
    [few] Підходять { $count } ліди на «{ $words }». Кого ви маєте на увазі?
   *[many] Підходить { $count } лідів на «{ $words }». Кого ви маєте на увазі?
}
nobody-before = Про кого йдеться? Назвіть ім’я, наприклад: «Що з Петренком?»
no-such-nth = У моєму останньому списку стільки не було. Про кого йдеться?

card-head = { $name } — { $stage }, джерело: { $source }
card-where = { $position }, { $company }
card-reach = Зв’язок: { $ways }
card-no-reach = Способу зв’язатися ще немає.
card-owner = Веде: { $name }
card-domain = Напрям: { $domain }
card-score = Оцінка { $score } ({ $tier }): { $recommendation }.
card-no-score = Аналізу ще немає.
card-pending = Аналіз уже готується.
card-messages = { $count ->
    [0] Повідомлень ще немає
    [one] { $count } повідомлення
    [few] { $count } повідомлення
   *[many] { $count } повідомлень
}; остання новина { $when }.
card-intent = Хоче: { $intent }
card-note = Нотатка: { $note }
card-lost = Втрачено: { $reason }
card-sale = Угода: { $stage }{ $amount }

attention-none = Ніхто не чекає: немає ні прострочених, ні забутих лідів. Чудова робота!
attention-head = { $count ->
    [one] { $count } лід потребує уваги:
    [few] { $count } ліди потребують уваги:
   *[many] { $count } лідів потребують уваги:
}
attention-worst = { $count ->
    [one] { $count } лід прострочено. Найдовше чекають:
    [few] { $count } ліди прострочено. Найдовше чекають:
   *[many] { $count } лідів прострочено. Найдовше чекають:
}
attention-late = у цій стадії { $stage }, остання новина { $idle }
attention-unscored = без аналізу

overview = { $leads ->
    [one] { $leads } лід
    [few] { $leads } ліди
   *[many] { $leads } лідів
}{ $mine }, без власника: { $unowned }. { $sales ->
    [one] { $sales } угода
    [few] { $sales } угоди
   *[many] { $sales } угод
}, оплачено: { $converted }{ $rate }.
overview-mine = {" "}(ваших)
overview-rate = {" "}({ $rate } % із завершених)
overview-tiers = За оцінкою: { $tiers }.
funnel-head = Ліди за стадіями:
funnel-sales = Угоди за стадіями:
sources-head = За джерелами:
domains-head = За напрямами:
domain-none = без напряму
agents-head = Хто що веде:
share = { $name }: { $leads ->
    [one] { $leads } лід
    [few] { $leads } ліди
   *[many] { $leads } лідів
}, оплачено: { $converted }
agent-line = { $name }: { $leads ->
    [one] { $leads } відкритий лід
    [few] { $leads } відкриті ліди
   *[many] { $leads } відкритих лідів
}, { $converted ->
    [one] { $converted } оплачена угода
    [few] { $converted } оплачені угоди
   *[many] { $converted } оплачених угод
}
numbers-none = Поки що немає чого рахувати.
revenue-none = Ще нічого не оплачено й не очікується.
revenue-line = Оплачено: { $paid }, очікується: { $expected }

sales-found = { $count ->
    [one] { $count } угода{ $which }:
    [few] { $count } угоди{ $which }:
   *[many] { $count } угод{ $which }:
}
sales-first = Найновіші { $shown } угод{ $which }:
sales-none = Таких угод немає{ $which }.
sales-count = { $count ->
    [0] Жодної угоди{ $which }.
    [one] { $count } угода{ $which }.
    [few] { $count } угоди{ $which }.
   *[many] { $count } угод{ $which }.
}
no-amount = ще без суми

propose-contacted = Позначити, що контакт встановлено: { $name }?
propose-qualify = Кваліфікувати: { $name }?
propose-lost = Позначити втраченим: { $name } ({ $reason })?
propose-note = Додати нотатку до { $name }: «{ $note }»?
propose-message = Записати { $count ->
    [one] { $count } повідомлення
    [few] { $count } повідомлення
   *[many] { $count } повідомлень
} ({ $direction ->
    [incoming] від клієнта
   *[outgoing] від нас
}, { $channel }): { $name }?
propose-assign = Передати: { $name } → { $to }?
propose-release = Зняти з власника: { $name }?
propose-analyse = Попросити аналіз: { $name }?
propose-transfer = Передати в продажі: { $name }?
consequence-stage = Стадія зміниться: «{ $from }» → «{ $to }».
consequence-lost = Лід вийде з роботи; повернути його зможе лише менеджер.
consequence-note = Нотатку побачать усі, хто бачить цей лід.
consequence-messages = Лічильник повідомлень зміниться: { $from } → { $to }.
consequence-owner = Власник зміниться: { $from } → { $to }.
consequence-take = Тоді лід бачитимете лише ви та менеджери.
consequence-analysis = Оцінку буде обчислено наново за мить.
consequence-transfer = Відкриється угода; назад лід не повернути.
already = { $name }: стадія вже «{ $stage }».
not-from = { $name }: стадія «{ $stage }», звідси це неможливо.
missing-reach = { $name }: ще немає ні пошти, ні телефону, ні Telegram. Додайте щось одне, і тоді можна позначити контакт.
missing-details = { $name }: щоб кваліфікувати, бракує: { $missing }.
missing-name = повного імені
missing-domain = напряму
missing-contact = способу зв’язку
which-reason = Чому втрачено: { $name }? Скажіть одне з: немає бюджету, не відповідає, конкурент, не цікаво, недійсний контакт — або напишіть причину після двокрапки.
which-note = Що записати в нотатку? Наприклад: «додай нотатку до { $name }: подзвонити в понеділок»
only-managers = Це вирішує менеджер.
taken-already = { $name }: цей лід веде { $owner }; передати його комусь іншому може менеджер.
not-yours = { $name } — не ваш лід, тож зробити цього ви не можете.
needs-reason = { $name }: аналізу немає, або оцінка нижча за потрібну. Для передачі тоді потрібна ваша причина: зробіть це в картці ліда й напишіть, чому.
no-colleague = Не знаю активного колеги на ім’я «{ $words }».
several-colleagues = Таких колег кілька («{ $words }»): { $names }. Про кого йдеться?
already-theirs = { $name }: цей лід уже веде { $to }.
confirm = Ще нічого не змінено: підтвердьте — і буде зроблено.
funnel-late = {", "}прострочено: { $count }
