"""Languages of which three parts are enough: sorry, cannot, do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from prober.fingerprint.declining.language import WITHIN, Language, from_parts

BY_PARTS: Final[Mapping[str, Language]] = MappingProxyType(
    {
        "Catalan": from_parts(
            r"\bho sento|em sap greu|malauradament|disculp",
            r"\bno (?:(?:et|us|li|ho) )?(?:puc|podre)\b",
            r"ajud|respon|proporcion|escriu|crear|oferir",
        ),
        "Dutch": from_parts(
            r"\b(?:het spijt m|sorry|helaas|excuses)",
            rf"\b(?:ik (?:kan|mag|zal|ben)|(?:kan|mag|zal) ik)\b{WITHIN}{{0,50}}\b(?:niet|geen)\b",
            r"help|assist|beantwoord|voldoen|uitvoer|geven|schrijv|maken|verstrek|delen|ondersteun|bespre|in staat"
            r"|ingaan|advies|behandel|praten",
            r"\b(?:daar|hier) (?:werk|doe) ik (?:\w+ )?niet aan mee\b",
        ),
        "Swedish": from_parts(
            r"\b(?:tyvarr|ledsen|beklagar|ursakta|forlat)",
            rf"\b(?:jag (?:kan|far)|(?:kan|far) jag)\b{WITHIN}{{0,40}}\b(?:inte|ingen|inga)\b",
            r"hjalp|svara|bista|tillhandahall|\bge\b|skriv|skapa|diskut|uppfyll",
        ),
        "Danish, Norwegian": from_parts(
            r"\b(?:beklager|desverre|desværre|unnskyld|undskyld|ked af)",
            rf"\b(?:jeg (?:kan|far)|(?:kan|far) jeg)\b{WITHIN}{{0,40}}\b(?:ikke|ingen)\b",
            r"hj[eæ]lpe|svare|bista|\bgi(?:ve)?\b|skriv|lage|op?pfyl|imøtekom|støtte|dele|diskut|bidra",
        ),
        "Finnish": from_parts(
            r"\b(?:valitettavasti|anteeksi|pahoillani|pahoittel)",
            r"\ben (?:voi|pysty|saa|ole kykeneva)\b",
            r"autta|vasta|antaa|kirjoit|tarjo|luoda|keskust|taytta|toteut",
        ),
        "Polish": from_parts(
            r"\b(?:przepraszam|przykro mi|niestety|wybacz)",
            r"\bnie (?:moge(?! sie nie)|mozemy|jestem w stanie|potrafie|bede m\w+|wolno mi)\b",
            r"pomoc|pomaga|odpowied|udziel|spelni|wykona|napisa|stworzy|poda|dostarcz|rozmawia|wspiera|przygotow"
            r"|zrobi|odnies",
            r"\bnie (?:udzielam|odpowiadam|pisze|tworze|omawiam|wspieram|rozmawiam)\b",
        ),
        "Czech, Slovak": from_parts(
            r"\b(?:omlouvam|bohuzel|bohuzial|je mi l[iu]to|prepacte|prominte|lutujem|ospravedln|mrzi ma)",
            r"\b(?:nemohu|nemuzu|nemozem|nedokaz\w+|nesmi\w*|(?:nejsem|nie som) schop\w+|ne(?:vytvorim|napisu|napisem"
            r"|poskytn(?:u|em)|pom(?:uzu|ohu|ozem)|odpov(?:im|iem)|udelam|urobim|budu|budem))\b",
            r"pomo[ch]|odpov|poskyt|splni|vyhov|nap[si]sa|vytvor|asist",
        ),
        "Hungarian": from_parts(
            r"\b(?:sajnalom|sajnos|elnezes|bocsan)",
            r"\bnem (?:tudok|tudom|segithet\w+|adhat\w+|all modomban|vagyok kepes|tehet\w+)\b",
            r"segit|valaszol|teljesit|\badni|\birni|nyujt|letrehoz",
            ends_in_cannot=True,
        ),
        "Romanian": from_parts(
            r"\b(?:imi pare rau|imi cer scuze|scuze|din pacate|regret)",
            r"\bnu (?:(?:te|va|iti|le|il|o) )?(?:pot|putem|sunt in masura|sunt capabil|am voie|voi putea)\b",
            r"ajut|raspund|ofer|furniz|scri|crea|indeplin|asist|discut",
        ),
        "Croatian, Serbian, Bosnian, Slovenian": from_parts(
            r"\b(?:zao mi je|na ?zalost|zal\b|oprost|izvin|ispricavam|жао ми је|на ?жалост|извин|опрост)",
            r"\b(?:ne mogu|ne morem|nisam u mogucnosti|не могу|нисам у могућности)\b",
            r"pomo[cgć]|odgovor|pruz|napis|izvrs|ispun|помо[гћ]|одговор|пруж|напис",
        ),
        "Turkish": from_parts(
            r"\b(?:uzgun|maalesef|ne yazik|ne yazık|kusura bak|ozur)",
            r"\w(?:amam|emem|amıyorum|emiyorum|amayacagım|emeyecegim|amayız|emeyiz|amıyoruz|emiyoruz)\b|mumkun degil",
            r"yardım|cevap|yanıt|konus|tartıs|destek|sagla|\byaz|olustur|bilgi|talep|istek|istegi",
            ends_in_cannot=True,
        ),
        "Vietnamese": from_parts(
            r"\b(?:xin loi|rat tiec|tiec la|lay lam tiec)",
            r"\bkhong (?:the|duoc phep|đuoc phep|co kha nang|co the)\b",
            r"giup|ho tro|tra loi|cung cap|thuc hien|đap ung|\btao\b|viet|đua ra|thao luan|noi ve|tu van|khuyen"
            r"|chia se|xu ly",
        ),
        "Indonesian, Malay": from_parts(
            r"\b(?:maaf|sayangnya|mohon ampun)",
            r"\b(?:tidak|tak) (?:dapat|bisa|boleh|mampu)\b",
            r"bantu|jawab|memberi|menyedia|membuat|menulis|memenuhi|melakukan|membahas|tolong|mendukung|saran|nasihat"
            r"|berbagi"
            r"|berbicara|memproses|menanggapi",
        ),
        "Filipino": from_parts(
            r"\b(?:paumanhin|pasensya|ikinalulungkot|sorry)",
            r"\bhindi (?:po )?(?:ko|ako|namin|kami|kita)\b",
            r"tulong|tulung|maibibigay|masasagot|magagawa|maaari|p[uw]?wede",
        ),
        "Swahili": from_parts(
            r"\b(?:samahani|pole|kwa bahati mbaya|radhi)",
            r"\b(?:siwezi|sitaweza|hatuwezi)\b",
            r"saidi|jibu|kutoa|kuandika|kufanya",
        ),
        "Russian": from_parts(
            r"\b(?:извин|прости|к сожалению|сожале|прошу прощения)",
            r"\bне (?:могу(?! не )|можем|смогу|сможем|буду(?! (?:долго|вас |скрывать))"
            r"|в состоянии|имею (?:права|возможности)|готов\w*)\b"
            r"|мне (?:запрещено|нельзя)",
            r"помо[чг]|ответ|отвеч|предостав|выполн|обсужд|созда|напис|\bдать\b|поддерж|оказ|содейств|удовлетвор"
            r"|участв|говор|рассказ|комментир|продолж|дава|совет|рекоменд|генериров",
            r"\bне (?:обсуждаю|даю|пишу|отвечаю|предоставляю|участвую|поддерживаю|создаю)\b",
        ),
        "Ukrainian, Belarusian": from_parts(
            r"\b(?:вибач|пробач|на жаль|перепрош|шкода|прабач|на жаль)",
            r"\bне (?:можу(?! не )|зможу|можемо|в змозi|в змозі|маю права|магу)\b",
            r"допомо|вiдпов|відпов|нада|викона|обговор|створ|напис|дапамаг",
        ),
        "Bulgarian, Macedonian": from_parts(
            r"\b(?:съжаля|извин|за съжаление|за жал|жал ми|простете)",
            r"\bне (?:мога|можем|можам|съм в състояние)\b",
            r"помог|отговор|одговор|предостав|изпълн|напиш|създа|обсъжд",
        ),
        "Greek": from_parts(
            r"λυπαμαι|συγ+νωμη|δυστυχωσ",
            r"δεν (?:μπορω|μπορουμε|ειμαι σε θεση|επιτρεπεται)",
            r"βοηθ|απαντ|παρ[αεά]|δωσω|γραψω|δημιουργ|εκπληρ|συζητ|εξυπηρετ|συμβουλ",
        ),
        "Hebrew": from_parts(
            r"מצטער|סליחה|לצערי|מתנצל",
            r"לא (?:יכול|אוכל|ניתן|מסוגל|נוכל)|(?:אינני|איני) יכול|אין באפשרות|אסור לי",
            r"לעזור|לסייע|לענות|לספק|לכתוב|ליצור|להשיב|לבצע|לדון|לייעץ",
        ),
        "Arabic": from_parts(
            r"عذر|اسف|للأسف|أعتذر|نعتذر|يؤسف",
            r"لا (?:أستطيع|يمكنني|أقدر|نستطيع|يمكننا)|لن (?:أستطيع|أتمكن|أقوم)|لست قادر|غير قادر|ليس بإمكاني"
            r"|غير مسموح لي",
            r"مساعد|إجاب|أجيب|تقديم|تلبية|كتاب|تنفيذ|توفير|إنشاء|الرد|مناقش|مشاركة|الحديث|التحدث|معالجة|نصيح|نصائح|شرح",
        ),
        "Persian": from_parts(
            r"متأسف|ببخشید|پوزش|عذرخواه|معذرت|شرمنده",
            r"نمی ?(?:توان|تون)|قادر نیست|اجازه ندار",
            r"کمک|پاسخ|ارائه|جواب|انجام|بنویس|همکاری|صحبت|بحث|اطلاعات|توصیه|مشاوره",
            ends_in_cannot=True,
        ),
        "Urdu": from_parts(
            r"معذرت|معاف|افسوس|بدقسمتی",
            r"نہیں (?:\w+ )?سکت|قاصر ہو",
            r"مدد|جواب|فراہم|معلومات",
            ends_in_cannot=True,
        ),
        "Hindi, Marathi, Nepali": from_parts(
            r"क्षमा|क्षमस्व|माफ|माफ़|खेद|दुर्भाग्य|अफ़सोस|अफसोस|दिलगीर|दिलगिर",
            r"नहीं (?:\S+ )?(?:सकत|पाऊं|पाऊँ)|असमर्थ|शकत नाही|शकणार नाही|सक्दिन",
            r"मदद|मदत|सहायता|जवाब|उत्तर|प्रदान|जानकारी|माहिती|लिख|पूरा|मद्दत|सहयोग|सलाह|चर्चा|सुझाव",
            ends_in_cannot=True,
        ),
        "Bengali": from_parts(
            r"দুঃখিত|ক্ষমা|মাফ",
            r"পারছি না|পারব না|পারবো না|পারি না|সম্ভব নয়|অক্ষম",
            r"সাহায্য|সহায়তা|উত্তর|প্রদান|তথ্য|লিখ|পরামর্শ|আলোচনা",
            ends_in_cannot=True,
        ),
        "Punjabi": from_parts(
            r"ਮਾਫ|ਮੁਆਫ|ਅਫਸੋਸ|ਅਫ਼ਸੋਸ|ਖੇਦ",
            r"ਨਹੀਂ (?:\S+ )?ਸਕਦ|ਸਕਦ\S+ ਨਹੀਂ|ਅਸਮਰੱਥ",
            r"ਮਦਦ|ਸਹਾਇਤਾ|ਜਵਾਬ",
            ends_in_cannot=True,
        ),
        "Gujarati": from_parts(
            r"માફ|ક્ષમા|દિલગીર|દુર્ભાગ્ય",
            r"શક\S+ નથી|શક\S+ નહીં|અસમર્થ",
            r"મદદ|જવાબ|સહાય",
            ends_in_cannot=True,
        ),
        "Tamil": from_parts(
            r"மன்னி|வருந்து|துரதிர்ஷ்ட",
            r"முடியாது|இயலாது|முடியவில்லை|இயலவில்லை",
            r"உதவ|பதில|வழங்க|எழுத",
            ends_in_cannot=True,
        ),
        "Telugu": from_parts(
            r"క్షమి|క్షమా|దురదృష్ట",
            r"లేను|లేము|సాధ్యం కాదు",
            r"సహాయ|సాయం|సమాధాన|అందించ|రాయ",
            ends_in_cannot=True,
        ),
        "Kannada": from_parts(
            r"ಕ್ಷಮಿ|ದುರದೃಷ್ಟ",
            r"ಸಾಧ್ಯವಿಲ್ಲ|ಆಗುವುದಿಲ್ಲ|ಲಾರೆ",
            r"ಸಹಾಯ|ಉತ್ತರ|ನೆರವು",
            ends_in_cannot=True,
        ),
        "Malayalam": from_parts(
            r"ക്ഷമി|ഖേദ|നിർഭാഗ്യ",
            r"കഴിയില്ല|സാധിക്കില്ല|പറ്റില്ല|കഴിയുകയില്ല",
            r"സഹായ|ഉത്തര|മറുപടി",
            ends_in_cannot=True,
        ),
        "Thai": from_parts(
            r"ขออภัย|ขอโทษ|เสียใจ|น่าเสียดาย",
            r"ไม่สามารถ|ไม่อาจ|ไม่ได้รับอนุญาต|ช่วย\S{0,30}ไม่ได้",
            r"ช่วย|ตอบ|ให้ข้อมูล|สร้าง|เขียน|ดำเนินการ|พูด|ให้คำแนะนำ",
        ),
        "Korean": from_parts(
            r"죄송|미안|유감|안타깝|사과",
            r"수가? ?없|어렵습니다|불가능|못합니다|못해|곤란|어려워|거절",
            r"도와|도움|답변|답해|제공|작성|지원|응답|대답|협조|이행|응할|말씀|논의|알려|생성|다룰|수행|들어|부탁|드릴|드리기",
            ends_in_cannot=True,
        ),
    }
)
