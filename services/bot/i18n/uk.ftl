# Що каже бот українською. HTML Telegram; усе підставлене екранується.

menu-leads = 📋 Ліди
menu-sales = 💰 Продажі
menu-stats = 📊 Статистика
menu-new = ➕ Новий лід
menu-assist = 🤖 AI-помічник
menu-quick = ⚡ Швидко
menu-settings = ⚙️ Налаштування
menu-again = Тепер меню українською.

welcome =
    👋 Вітаю, <b>{ $name }</b>!
    Ви — { $role } у просторі <b>{ $workspace }</b>.

    Торкніться кнопки внизу, надішліть мені ім’я, щоб когось знайти, або вставте візитку, щоб внести нового ліда.
help =
    <b>Що я вмію</b>
    📋 <b>Ліди</b>: списки за стадією, джерелом, напрямом і оцінкою; у кожного ліда картка з усім, що можна зробити
    💰 <b>Продажі</b>: від передачі до оплати
    📊 <b>Статистика</b>: цифри, також картинкою
    ➕ <b>Новий лід</b>: крок за кроком; або вставте візитку чи підпис, перешліть повідомлення, поділіться контактом
    🤖 <b>AI-помічник</b>: питайте своїми словами
    ⚡ <b>Швидко</b>: ваші гарячі ліди, що застаріває, що прострочено

    Надішліть частину імені, номер телефону чи адресу пошти, щоб когось знайти; дрібні описки не завадять.
    /menu /find /new /stats /settings /cancel
help-admin = /invite: запросити колегу
unreadable = Я читаю текст і надіслані контакти. Надішліть ім’я, щоб когось знайти, або вставте візитку.
unknown-command = Такої команди я не знаю. /help розкаже, що я вмію.

stranger =
    👋 Я помічник команди продажів, і ми ще не знайомі.

    Попросіть в адміністратора своєї команди посилання-запрошення й відкрийте його: воно одразу вас впустить. Ваш номер у Telegram: <code>{ $account }</code>.
stranger-press = Це для учасників команди. Попросіть в адміністратора посилання-запрошення.
invitation-broken = Посилання-запрошення неповне. Відкрийте саме посилання, а не набирайте його, або попросіть в адміністратора нове.
invitation-in-group = Відкрийте запрошення в чаті зі мною наодинці: тут його читають інші.
in-group = Попрацюймо в нашому окремому чаті: тут читають інші. Щоб поділитися лідом тут, наберіть @ і моє ім’я та частину імені ліда.
in-group-press = Відкрийте чат зі мною наодинці: тут читають інші.
open-chat = 💬 Відкрити наш чат
already-in = Ви вже з нами. /menu покаже, що можна зробити.
choose-workspace = Ви належите до кількох просторів. У якому хочете працювати?

button-old = Ця кнопка вже стара: /menu покаже, як усе тепер.
changed-meanwhile = Тим часом дещо змінилося: ось як є тепер.
nothing-to-cancel = Скасовувати нічого. Ось меню.
cancelled = ✖️ { $what }: скасовано. Нічого не змінено.
put-aside = ✖️ { $what }: не завершено, відкладено.
where-were-we =
    🕰 На чому ми зупинилися? Ви почали: <b>{ $what }</b>.
    Те, що ви щойно надіслали, я не вважаю відповіддю.
step = <i>Крок { $step } з { $of }</i>
so-far = Наразі: <b>{ $what }</b>

flow-back = ‹ Назад
flow-skip = Пропустити
flow-cancel = ✖️ Скасувати
flow-continue = Продовжити
flow-leave = Вийти
flow-new-lead = Новий лід
flow-search = Пошук
flow-note = Нотатка
flow-transfer = Передача в продажі
flow-lost = Причина втрати
flow-roll-back = Повернення на стадію
flow-reopen = Відновлення
flow-edit = Редагування
flow-amount = Сума
flow-invite = Запрошення
flow-assist = Розмова з помічником

no-name = (без імені)
erased-name = (стерта особа)
erased-text = (стерто)
none-yet = —
no-such-lead = Такого ліда немає, або він тепер чужий.
no-longer-yours = Готово. Лід тепер чужий, тож показати його не можу.
no-such-sale = Такого продажу немає, або він чужий.

just-now = щойно
ago-minutes = { $count } хв тому
ago-hours = { $count } год тому
ago-days = { $count ->
    [one] { $count } день тому
    [few] { $count } дні тому
   *[other] { $count } днів тому
 }

stage-new = Новий
stage-contacted = Контакт є
stage-qualified = Кваліфікований
stage-transferred = Переданий
stage-lost = Втрачений
sale-new = Новий
sale-kyc = KYC
sale-agreement = Договір
sale-paid = Оплачено
sale-lost = Втрачено
source-scanner = Сканер
source-partner = Партнер
source-manual = Внесено вручну
tier-hot = 🔥 Гарячі
tier-warm = 🌤 Теплі
tier-cold = ❄️ Холодні
tier-dead = 💀 Безнадійні
advice-transfer = передати в продажі
advice-nurture = підтримувати зв’язок
advice-discard = не варто часу
stale-stage-changed = Аналіз зроблено на іншій стадії
stale-domain-changed = Аналіз зроблено для іншого напряму
stale-messages = Після аналізу було багато повідомлень
stale-age = Аналіз застарів
reason-no-budget = Немає бюджету
reason-no-response = Не відповідає
reason-competitor = Обрав конкурента
reason-not-interested = Не цікаво
reason-invalid-contact = Хибний контакт
reason-other = Інша причина…
role-agent = агент
role-manager = менеджер
role-admin = адміністратор
contact-email = поштою
contact-phone = телефоном
contact-telegram = ім’ям у Telegram
contact-contact = контактом
missing-way-to-reach = телефону, пошти або Telegram
missing-full-name = повного імені
missing-business-domain = напряму

card-stage = { $progress } { $sign } <b>{ $stage }</b> · { $when }
card-score = 🤖 { $bar } <b>{ $score }</b> { $tier } · { $advice } · { $when }
card-unscored = 🤖 ще не проаналізовано
card-analysing = 🤖 аналізую…
card-owner = 👤 { $name }
card-owner-me = 👤 ви
card-owner-unknown = 👤 колега
card-unowned = 👤 поки нічий
card-activity = 💬 { $messages } · 📝 { $notes } · остання подія { $when }

contacted = 📞 Контакт є
qualified = ✅ Кваліфікувати
transfer = 🚀 У продажі
lost = ❌ Втрачено
roll-back = ↩️ Повернути
reopen = ♻️ Відновити
assign = 👤 Призначити
take = 🙋 Беру
analyse = 🤖 Аналіз
one-message = 💬 +1 повідомлення
add-note = 📝 Нотатка
edit = ✏️ Змінити
notes = 📝 Нотатки ({ $count })
files = 📎 Файли ({ $count })
history = 🕓 Історія
open-sale = 💰 Продаж
open-merged = Відкрити ліда, в якому тепер усе
open-lead = 👤 { $name }
open-its-lead = 👤 Лід
write = ✍️ Написати
share = ↗️ Поділитися
undo = ↩️ Скасувати дію
undo-reason = Скасовано в Telegram одразу після натискання
back-to-card = ‹ Картка
back-to-list = ‹ Список
back-to-sale = ‹ Продаж

done-created = ✅ Ліда внесено.
done-contacted = ✅ Контакт є.
done-qualified = ✅ Кваліфіковано.
done-transferred = 🚀 Передано в продажі.
done-lost = Позначено втраченим.
done-rolled-back = ↩️ Повернуто на стадію назад.
done-reopened = ♻️ Відновлено.
done-undone = ↩️ Скасовано.
done-assigned = ✅ Призначено.
done-analysed = 🤖 Проаналізовано.
done-analysing = 🤖 Аналіз уже в дорозі: відкрийте картку ще раз за мить.
done-message = 💬 Записано.
done-note = 📝 Занотовано.
done-pinned = 📌 Закріплено.
done-unpinned = Відкріплено.
done-edited = ✅ Збережено.
done-sale = ✅ Рухаємося далі.
done-sale-lost = Позначено втраченим.
done-amount = ✅ Суму встановлено.
done-settings = ✅ Збережено.
done-draft = ✅ Зроблено.

missing = Щоб рухатися далі, цьому лідові бракує <b>{ $what }</b>.
duplicate = 👯 Лід із таким самим { $kind } уже є: <b>{ $name }</b>.
duplicate-hidden = 👯 У колеги вже є лід із таким самим { $kind }. Запитайте свого менеджера.
anyway = Однаково внести

filters = 📋 <b>Які ліди?</b>
filters-button = 🔎 Фільтри
filter-all = Усі
filter-mine = Мої
filter-unowned = Нічиї
filter-stale = Застарілий аналіз
filter-my-hot = Мої гарячі ліди
filter-my-stale = Мої застарілі ліди
filter-search = «{ $words }»
list = 📋 <b>{ $title }</b> · { $count }
list-empty =
    📋 <b>{ $title }</b>
    Тут нікого немає. Спробуйте інший фільтр або внесіть нового ліда.
search-short = Хоча б дві літери, будь ласка.

lost-why = Чому втрачено?
sale-lost-why = Чому продаж не відбувся?
assign-whom = Хто працюватиме? Поруч з ім’ям — відкриті ліди.
colleague = { $name } · { $count }
nobody = Ніхто

notes-title = 📝 <b>{ $name }</b>: нотатки ({ $count })
notes-none = Нотаток ще немає.
pin = 📌 { $text }
unpin = ✖️📌 { $text }
files-title = 📎 <b>{ $name }</b>: файли
history-title = 🕓 <b>Історія</b>, сторінка { $page }
actor-service = система
somebody = колишній колега
actor-operator = оператор

sales-all = Усі продажі
sales-all-title = усі
sales = 💰 <b>Продажі</b>: { $which }, сторінка { $page }
sales-empty =
    💰 <b>Продажі</b>: { $which }
    На сторінці { $page } порожньо. Продаж починається, коли кваліфікованого ліда передають.
sale-amount = Сума: <b>{ $amount }</b>
sale-no-amount = Сума: не вказана
sale-expected = Очікується: { $amount }
sale-when = Відкрито { $opened } · остання зміна { $changed }
sale-next = { $sign } Далі: { $stage }
set-amount = 💵 Сума

stats-title = 📊 <b>Цифри команди</b>
stats-title-own = 📊 <b>Ваші цифри</b>
stats-leads = Лідів: <b>{ $leads }</b>, нічиїх: { $unowned }
stats-won = 💰 Продажів: { $sales }, оплачено: <b>{ $won }</b>, частка успіху: <b>{ $rate }</b>
stats-revenue = 💵 Оплачено: <b>{ $paid }</b>, очікується: { $expected }
stats-months = 📅 Цього місяця: лідів { $leads } (раніше: { $leads_before }), оплат { $won } (раніше: { $won_before })
stats-own = 👤 Ваші відкриті ліди: <b>{ $open }</b>, оплачені продажі: <b>{ $won }</b>
stats-team = 👥 <b>Команда</b>: відкриті ліди · оплачені продажі
stats-member = { $name }: { $open } · { $won }
stats-picture = 🖼 Картинкою
stats-caption = 📊 Цифри на цю мить
stats-empty = 📊 Рахувати ще нічого. Внесіть першого ліда!
chart-title = Ліди та продажі
chart-leads = Ліди за стадіями
chart-sales = Продажі за стадіями
chart-sources = Ліди за джерелами
chart-months = Оплати за місяцями

quick = ⚡ <b>Швидко</b>. Останній лід: <b>{ $name }</b>
quick-none = ⚡ <b>Швидко</b>
quick-hot = 🔥 Мої гарячі
quick-stale = ⚠️ Мої застарілі
quick-overdue = ⏰ Прострочено: { $count }
quick-note = 📝 Нотатка до останнього
quick-message = 💬 +1 останньому
overdue = ⏰ <b>Прострочили свою стадію</b>
overdue-none = ⏰ Прострочених немає. Чудово!

settings =
    ⚙️ <b>Налаштування</b>
    { $name }, { $role } у просторі <b>{ $workspace }</b>
    Мова та рядків на сторінці:
rows = { $count ->
    [one] { $count } рядок
    [few] { $count } рядки
   *[other] { $count } рядків
 }
other-workspace = 🔀 Інший простір
invite = 👋 Запросити колегу

ask-search = 🔎 Кого шукаємо? Частина імені, номер телефону, адреса пошти…
ask-source = 🧭 Звідки цей лід?
ask-name = 👤 Як звати людину? Повне ім’я.
ask-contact = ☎️ Як із нею зв’язатися? Телефон, пошта, @ім’я: одне або кілька. Можна поділитися контактом.
ask-domain = 🏢 Для якого напряму?
ask-intent = 💭 Чого хоче людина?
ask-confirm-lead = <b>Усе правильно?</b>
read-as-lead = 👀 Схоже на нового ліда.
not-reachable-yet = ⚠️ Без способу зв’язку лід не зможе стати «контакт є».
create = ✅ Створити
ask-note = 📝 Що занотувати про <b>{ $name }</b>?
ask-amount = 💵 Скільки має принести продаж? Наприклад, 12 500 (у { $currency }) або 99 EUR.
ask-override = ⚠️ Аналізу немає, він застарів або оцінка низька. Вирішуєте ви: чому цей лід має піти в продажі?
ask-transfer = 🚀 Передати ліда в продажі? Сума: <b>{ $amount }</b>
transfer-now = 🚀 Передати
ask-lost-text = Яка причина? Кількома словами.
ask-roll-back = ↩️ Чому повертаємо на стадію назад? Щонайменше десять знаків.
ask-reopen = ♻️ Чому починаємо знову? Щонайменше десять знаків.
ask-field = ✏️ Що змінити?
ask-edit = ✏️ <b>{ $field }</b>: на що змінити?
tags-known = Ваш простір знає: { $tags }
clear = 🧹 Очистити
field-name = Повне ім’я
field-phone = Телефон
field-email = Пошта
field-telegram = Telegram
field-company = Компанія
field-position = Посада
field-domain = Напрям
field-intent = Потреба
field-budget = Бюджет
field-tags = Теги
ask-paid = 💰 Скільки сплачено? Наприклад, 12 500 (у { $currency }) або 99 EUR.
ask-sale-amount = 💵 Скільки має принести продаж? Наприклад, 12 500 (у { $currency }) або 99 EUR.
ask-invite = 👋 Як звати вашого колегу?
ask-invite-confirm = Запросити <b>{ $name }</b> агентом?
invite-now = 👋 Створити посилання
invited =
    👋 Посилання для <b>{ $name }</b>, діє один раз, до { $until }:
    { $link }

    Надішліть його тільки цій людині: хто відкриє, той і ввійде.
ask-assist = 🤖 Питайте про ліди, продажі та цифри своїми словами. Наприклад: «які гарячі ліди мої?»
assist-left = 🤖 Кличте будь-коли: кнопка 🤖 у меню.
assist-away = 🤖 Помічник зараз не відповідає. Нічого не зроблено; спитайте ще раз за мить.
draft-yes = ✅ Зробити
draft-no = ✖️ Відкинути
draft-dropped = ✖️ Відкинуто: { $what }

wrong-name = ⚠️ Ім’я має від 1 до 200 друкованих знаків.
wrong-contact = ⚠️ Не бачу тут ні телефону, ні пошти, ні @імені. Наприклад, +380 67 123 45 67.
wrong-choice = ⚠️ Торкніться однієї з кнопок, будь ласка.
wrong-text = ⚠️ Текст порожній, задовгий або містить знаки, яких не можна зберегти.
wrong-reason = ⚠️ Причина має щонайменше десять знаків.
wrong-amount = ⚠️ Не можу прочитати це як суму. Напишіть 12500.50 або 99 EUR.
wrong-phone = ⚠️ Це не номер телефону. Наприклад, +380 67 123 45 67.
wrong-email = ⚠️ Це не адреса пошти. Наприклад, name@example.com.
wrong-telegram = ⚠️ Це не ім’я в Telegram. Наприклад, @name, щонайменше 5 літер.
wrong-tags = ⚠️ Тег складається з літер, цифр і дефісів; кілька розділіть комами.
wrong-question = ⚠️ Питання має від 1 до 2000 знаків.

refused-role-too-low = Ваша роль цього не дозволяє. Зверніться до менеджера або адміністратора.
refused-not-yours = Цей лід чужий: зверніться до власника або менеджера.
refused-only-taking = Ви можете взяти нічийого ліда, а не віддати його іншим.
refused-only-for-yourself = Ви можете вносити лідів лише для себе.
refused-wrong-stage = На цій стадії цього зробити не можна.
refused-already-at-stage = Лід уже на цій стадії.
refused-not-qualified = У продажі можна передати лише кваліфікованого ліда.
refused-erased = Особу стерто: змінювати вже нічого.
refused-merged = Цього ліда об’єднано з іншим: змінюйте той.
refused-unknown-domain = Ваш простір не знає такого напряму.
refused-unknown-tag = Ваш простір не знає такого тегу.
refused-owner-not-active = Цей колега вже неактивний.
refused-amount-needed = Оплаченому продажу потрібна сума.
refused-closed = Продаж закрито, і так і лишиться.
refused-not-next-stage = Це не наступна стадія продажу.
refused-not-found = Такого немає, або воно чуже.
refused-wrong-code = Це запрошення невідоме. Попросіть в адміністратора нове посилання.
refused-expired = Термін запрошення минув. Попросіть в адміністратора нове посилання.
refused-already-accepted = Це запрошення вже використано. Якщо не вами, скажіть адміністраторові.
refused-revoked = Це запрошення відкликано. Попросіть в адміністратора нове посилання.
refused-member-deactivated = Вас деактивовано в цьому просторі. Зверніться до адміністратора.

event-lead-created = Внесено
event-lead-imported = Імпортовано
event-lead-details-edited = Змінено
event-lead-assigned = Призначено
event-lead-contacted = Контакт є
event-lead-qualified = Кваліфіковано
event-lead-transferred = Передано в продажі
event-lead-lost = Втрачено
event-lead-rolled-back = Повернуто на стадію
event-lead-reopened = Відновлено
event-lead-message-logged = Повідомлення
event-lead-note-added = Нотатка
event-lead-note-pinned = Нотатку закріплено
event-lead-note-unpinned = Нотатку відкріплено
event-lead-file-attached = Додано файл
event-lead-file-removed = Вилучено файл
event-lead-analysis-requested = Замовлено аналіз
event-lead-analysed = Проаналізовано
event-lead-merged-into = Об’єднано з іншим лідом
event-lead-absorbed = Поглинув іншого ліда
event-lead-erased = Стерто
event-sale-opened = Продаж відкрито
event-sale-kyc-started = KYC почато
event-sale-agreement-started = Договір почато
event-sale-paid = Оплачено
event-sale-lost = Продаж втрачено
event-sale-amount-set = Суму встановлено
changed-stage = Стадія
changed-owner = Власник
changed-full-name = Ім’я
changed-company = Компанія
changed-position = Посада
changed-email = Пошта
changed-phone = Телефон
changed-telegram = Telegram
changed-business-domain = Напрям
changed-intent = Потреба
changed-budget = Бюджет
changed-tags = Теги
changed-source = Джерело
changed-message-count = Повідомлень
changed-ai-score = Оцінка
changed-amount = Сума
changed-lost-reason = Причина
changed-ai-recommendation = Порада

command-menu = Меню
command-find = Знайти когось: /find Петренко
command-new = Новий лід
command-leads = Ліди
command-sales = Продажі
command-stats = Цифри
command-settings = Налаштування
command-help = Що я вмію
command-cancel = Вийти з того, що заповнюється
