"""Languages with patterns of their own."""

from __future__ import annotations

from typing import Final

from prober.fingerprint.declining.language import from_patterns

_SORRY_DE = (
    r"(?:(?:tut mir|bitte um) (?:sehr )?(?:leid|verzeihung|entschuldigung)|sorry|verzeihung|entschuldig\w{0,6}|leider"
    r"|bedaure)"
)
_DO_DE = (
    r"(?:(?:weiter)?helfen|unterstutzen|bereitstellen|beantworten|erfullen|geben"
    r"|anbieten|nachkommen|erstellen|schreiben|bearbeiten|behilflich|eingehen|ausfuhren|besprechen|sprechen|verfassen"
    r"|liefern|teilen|diskutieren|beraten|auskunft)"
)
GERMAN: Final = from_patterns(
    r"nicht|kein|lieber|richtlinien|ablehnen|untersagt|unmoglich",
    rf"\b{_SORRY_DE}\b[^.!?]{{0,80}}\b(?:(?:kann|darf|werde|konnen)(?: das| dies| dir| ihnen| euch)? (?:ich|wir)"
    r"|(?:ich|wir)(?: \w+)? (?:kann|darf|werde|konnen)|(?:kann|darf|werde) [^.!?]{0,20}\bich)\b"
    r"[^.!?]{0,80}\b(?:nicht|keine?n?)\b",
    rf"\b(?:ich|wir) (?:kann|darf|werde|konnen)\b[^.!?]{{0,40}}\b{_SORRY_DE}\b[^.!?]{{0,60}}\b(?:nicht|keine?n?)\b",
    r"\b(?:ich (?:kann|darf|werde)|(?:kann|darf|werde) ich)\b"
    rf"[^.!?]{{0,80}}\b(?:nicht|keine?n?)\b[^.!?]{{0,60}}\b{_DO_DE}\b",
    r"\b(?:erstelle|schreibe|verfasse|gebe|beantworte|unterstutze|diskutiere) ich (?:\w+ ){0,2}(?:nicht|keine)\b"
    r"|\bich (?:erstelle|schreibe|verfasse|gebe|beantworte|unterstutze|diskutiere) (?:\w+ ){0,3}(?:nicht|keine\w*)\b",
    r"\bich bin nicht (?:in der lage|befugt|berechtigt|autorisiert|bereit)\b|\b(?:damit|dabei|darauf|daruber|dazu"
    r"|hierbei"
    r"|hierzu) (?:kann|darf|werde|mochte) ich (?:\w+ ){0,2}nicht\b|\bes ist mir (?:leider )?(?:nicht (?:moglich"
    r"|gestattet|erlaubt)|untersagt"
    r"|unmoglich)\b",
    r"\b(?:ich mochte|mochte ich) (?:\w+ ){0,4}(?:nicht|lieber nicht|keine\w*) (?:\w+ ){0,4}(?:sprechen|schreiben"
    r"|helfen|eingehen|aussern)",
    r"\bdabei (?:kann|darf|werde) ich (?:\w+ ){0,2}nicht\b|\b(?:verstosst|verstossen) gegen (?:meine|unsere|die)\b"
    r"[^.!?]{0,20}(?:richtlinien|regeln|grundsatze)|\bich (?:muss|mochte) (?:das |dies "
    r"|diese \w+ )?(?:leider )?ablehnen\b",
)
_DO_FR = (
    r"(?:aider|repondre|fournir|assister|creer|generer|ecrire|donner|satisfaire|acceder|participer|proposer|partager"
    r"|traiter|parler|discuter|aborder|rediger|produire|realiser|effectuer|faire (?:cela|ca|ce)|continuer|accepter)"
)
FRENCH: Final = from_patterns(
    r"\bn(?:e |')|impossible|interdit|refus|decliner",
    r"\b(?:desolee?s?|navree?s?|pardon|mes excuses|regrette|malheureusement|excuse[rz]?)\b[^.!?]{0,80}\bje ne (?:peux"
    r"|puis|suis pas|pourrai)\b",
    rf"\bje ne (?:peux|puis|pourrai) (?:malheureusement )?(?:pas )?(?:(?:vous|te|y) |[tl]')*{_DO_FR}\b",
    r"\bje ne suis pas (?:en mesure|capable|autorisee?|a l'aise)\b",
    r"\bje (?:prefere|prefererais) ne pas\b|\bcela ne fait pas partie\b|\bje dois (?:decliner|refuser)\b.{0,40}\bne\b"
    r"|\bil m'est (?:\w+ment )?(?:impossible|interdit|defendu) de\b|\bje n'ai pas (?:le droit|l'autorisation"
    r"|la possibilite)"
    r"|\bje refuse de\b|\bil ne m'est pas (?:possible|permis)\b|\bn'est pas quelque chose que je (?:peux"
    r"|puisse)\b",
)
_SORRY_IBERIAN = (
    r"(?:lo siento|lamento|lamentable?mente|lamentavelmente|d[ie]sculp\w+|sinto muito|perdon\w*|infelizmente"
    r"|desafortunadamente|me temo|temo que|receio)"
)
_DO_IBERIAN = (
    r"(?:ayud|ajud|asist|auxili|proporcion|fornec|respond|cumpl|cumpr|gener|ger|cre|cri|escrib|escrev|ofrec|oferec"
    r"|particip|atender|facilit|compart|hablar|falar|discut|trat|proces|hacer (?:eso|esto)|fazer isso|redact|redig"
    r"|dar(?:te|le)?"
    r"\b|opin|conversar|realiz|revel|elabor|prod)"
)
IBERIAN: Final = from_patterns(
    r"\bn[oa]o?\b|niego|recus|rechaz|declin",
    rf"\b{_SORRY_IBERIAN}\b[^.!?]{{0,80}}\b(?:no|nao) (?:puedo|pueda|podre|posso|possa|poderei|consigo|me es posible"
    rf"|e possivel)\b",
    rf"\b(?:no|nao) (?:puedo|posso|consigo) (?:(?:te|le|lhe|o|a) )?{_DO_IBERIAN}",
    r"\b(?:no estoy|nao estou) (?:en condiciones|autorizad|em condicoes)|\b(?:no soy|nao sou) capaz de\b",
    r"\b(?:no|nao) (?:tengo|tenho) (?:permitido|permiso|permissao|autoriza)|\b(?:no|nao) me (?:es|esta|e) (?:posible"
    r"|permit"
    r"|possivel)|\bme niego a\b|\brecuso-me\b|\b(?:debo|devo) (?:rechazar|declinar|recusar)\b|\bno me siento comod"
    r"|\bprefiero no\b|\bprefiro nao\b|\bnao me sinto (?:confortavel|a vontade)"
    r"|\b(?:no|nao) (?:es|e) algo (?:en lo )?que (?:yo )?(?:pueda|possa|puedo|posso)|\bno me es posible\b",
)
_DO_IT = (
    r"(?:aiut|forni|rispond|soddisf|cre|gener|scriv|assist|dar|offri|partecip|condivid|parl|discut|far|tratt|elabor"
    r"|produ"
    r"|realizz|proced)"
)
ITALIAN: Final = from_patterns(
    r"\bnon\b|rifiut|declinar",
    r"\b(?:[mc]i (?:di)?spiace|spiacente|purtroppo|mi scuso|scusa(?:mi|te)?|chiedo scusa"
    r"|desolat[oa])\b[^.!?]{0,80}\bnon (?:posso|sono in grado|mi e possibile)\b",
    rf"\bnon (?:posso|sono in grado di) {_DO_IT}",
    r"\btemo di non pote\w+|\bnon mi e (?:possibile|permesso|consentito)\b|\bnon ho (?:il permesso|l'autorizzazione)"
    r"|\bmi rifiuto\b|\bdevo"
    r" (?:rifiutare|declinare)\b|\bpreferisco non\b|\bpreferirei non\b|\bnon mi sento a mio agio\b"
    r"|\bnon e qualcosa (?:che|con cui"
    r"|in cui) (?:io )?poss",
)
_DO_ZH = (
    r"(?:提供|协助|協助|帮|幫|回答|满足|滿足|完成|参与|參與|支持|生成|讨论|討論|创作|創作|分享"
    r"|建议|给出|撰写|编写|透露|处理|处置|执行)"
)
CHINESE: Final = from_patterns(
    r"[不无無没沒]|超出|违反|違反",
    r"(?:抱歉|对不起|對不起|很遗憾|很遺憾|不好意思)[^。!?]{0,30}(?:不能|无法|無法|没有办法|沒有辦法|不会|不會|不可以|不便)",
    rf"我(?:们|們)?(?:不能|无法|無法|不会|不會|不便)\w{{0,6}}?{_DO_ZH}",
    r"作为(?:一个)?[^。!?]{0,12}(?:ai|人工智能|语言模型)[^。!?]{0,20}(?:不能|无法)|超出了?我的(?:能力|范围|权限)|我(?:无权|不被允许)",
    r"(?:违反|違反)了?(?:我|我们|我們|相关|相關|使用|平台)[^。!?]{0,12}(?:政策|规定|規定|准则|準則|规范|規範)",
)
_UNABLE_JA = r"(?:できません|出来ません|できかねます|いたしかねます|致しかねます|しかねます)"
JAPANESE: Final = from_patterns(
    r"せん|かねます|控え|お断り",
    rf"(?:申し訳|すみません|ごめんなさい|恐れ入ります|残念ながら|恐縮)[^!?]{{0,60}}{_UNABLE_JA}",
    rf"(?:お手伝い|お答え|お応え|提供|対応|支援|回答|協力)[^。!?]{{0,12}}{_UNABLE_JA}",
    r"(?:回答|お答え|提供)[^。!?]{0,6}(?:差し控え|控えさせ)|お断り(?:し|いた)|(?:答え|応じ|教え|手伝)(?:え)?られません",
)
