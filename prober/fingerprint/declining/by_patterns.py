"""Languages with patterns of their own, English among them."""

from __future__ import annotations

import re
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
    r"nicht|kein|lieber|richtlinien|ablehnen|untersagt|unmoglich|passen",
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
    r"[^.!?]{0,20}(?:richtlinien|regeln|grundsatze)|\b(?:ich (?:muss|mochte)|(?:muss|mochte) ich) "
    r"(?:das |dies |diese \w+ )?(?:leider )?ablehnen\b|\b(?:muss ich|ich muss) (?:(?:hier|da|leider) ){0,2}passen\b",
)
_DO_FR = (
    r"(?:aider|repondre|fournir|assister|creer|generer|ecrire|donner|satisfaire|acceder|participer|proposer|partager"
    r"|traiter|parler|discuter|aborder|rediger|produire|realiser|effectuer|faire (?:cela|ca|ce)|continuer|accepter)"
)
FRENCH: Final = from_patterns(
    r"\bn(?:e |')|impossible|interdit|refus|decliner|prefere|contre m",
    r"\b(?:desolee?s?|navree?s?|pardon|mes excuses|regrette|malheureusement|excuse[rz]?)\b[^.!?]{0,80}\bje ne (?:peux"
    r"|puis|suis pas|pourrai)\b",
    rf"\bje ne (?:peux|puis|pourrai) (?:malheureusement )?(?:pas )?(?:(?:vous|te|y) |[tl]')*{_DO_FR}\b",
    r"\bje ne suis pas (?:en mesure|capable|autorisee?|a l'aise)\b",
    r"\bje (?:prefere|prefererais) (?:ne pas|m'abstenir|eviter d)\b|\bcontre mes (?:regles|principes|directives)\b"
    r"|\bcela ne fait pas partie\b|\bje dois (?:decliner|refuser)\b.{0,40}\bne\b"
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
    r"(?:ayud|ajud|asist|auxili|proporcion|fornec|respond|cumpl|cumpr|gener|ger|cre(?!e)|cri|escrib|escrev|ofrec"
    r"|oferec"
    r"|particip|atender|facilit|compart|hablar|falar|discut|trat|proces|hacer (?:eso|esto)|fazer isso|redact|redig"
    r"|dar(?:te|le)?"
    r"\b|opin|conversar|realiz|revel|elabor|prod)"
)
IBERIAN: Final = from_patterns(
    r"\bn[oa]o?\b|niego|recus|rechaz|declin",
    rf"\b{_SORRY_IBERIAN}\b[^.!?]{{0,80}}\b(?:no|nao) (?:puedo|pueda|podre|posso|possa|poderei|consigo|me es posible"
    rf"|e possivel|vo[yu](?: a)? (?!poder|estar|ser|llegar|chegar|conseguir|tardar)\w+)\b",
    rf"\b(?:(?:no|nao) (?:puedo|posso|consigo)|lamento no poder) (?:(?:te|le|lhe|o|a) )?{_DO_IBERIAN}",
    r"\b(?:no estoy|nao estou) (?:en condiciones|autorizad|em condicoes)|\b(?:no soy|nao sou) capaz de\b",
    r"\b(?:no|nao) (?:tengo|tenho) (?:permitido|permiso|permissao|autoriza)|\b(?:no|nao) me (?:es|esta|e) (?:posible"
    r"|permit"
    r"|possivel)|\bme niego a\b|\brecuso-me\b|\b(?:debo|devo) (?:rechazar|declinar|recusar)\b|\bno me siento comod"
    r"|\bprefiero no\b|\bprefiro nao\b|\bnao me sinto (?:confortavel|a vontade)"
    r"|\b(?:no|nao) (?:es|e) algo (?:en lo )?que (?:yo )?(?:pueda|possa|puedo|posso)|\bno me es posible\b",
)
_DO_IT = (
    r"(?:aiut|forni|rispond|soddisf|crea|gener|scriv|assist|dar|offri|partecip|condivid|parl|discut|far|tratt|elabor"
    r"|produ"
    r"|realizz|proced)"
)
ITALIAN: Final = from_patterns(
    r"\bnon\b|rifiut|declinar",
    r"\b(?:[mc]i (?:di)?spiace|spiacente|purtroppo|mi scuso|scusa(?:mi|te)?|chiedo scusa"
    r"|desolat[oa])\b[^.!?]{0,80}\bnon (?:posso(?! fare a meno\b)|sono (?:in grado|autorizzat[oa])|mi e possibile)\b",
    rf"\bnon (?:posso(?! fare a meno\b)|sono in grado di) {_DO_IT}",
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
    rf"(?:お手伝い|お答え|お応え|お教え|お伝え|お話し|お書き|お作り|ご案内|提供|対応|支援|回答|協力)[^。!?]{{0,12}}{_UNABLE_JA}",
    r"(?:回答|お答え|提供)[^。!?]{0,6}(?:差し控え|控えさせ)|お断り(?:し|いた)|(?:答え|応じ|教え|手伝)(?:え)?られません",
)


_UNABLE = (
    r"(?:can(?:no|')t|can not|won't|will not|(?:am|'m) (?:(?:just|really|simply|currently) )?(?:not able|unable"
    r"|not going) to)"
    r"(?! (?:wait|help (?:but|\w+ing)|believe|imagine|recommend|stress|overstate|emphasi[sz]e|say enough|argue|deny"
    r"|complain|lie|help it|praise|thank|keep you|bore you|sugar-?coat|pretend)\b)"
)
_DO = (
    r"(?:help|assist|aid|provide|fulfill?|comply|support|answer|respond|engage|participate|create|generate"
    r"|write|produce|offer|give (?:you|an?|any|advice|out|instructions)|share|discuss|promote|endorse|condone"
    r"|encourage"
    r"|describe|explain|do (?:that|this|so)|complete|continue with|make (?:an?|any|such|that|this)|suggest|facilitate"
    r"|be (?:able to|writing|helping|providing|creating|doing|sharing|discussing|answering|part of)|process|accept"
    r"|justify|prove|list|tell you (?!how)|show you|design|develop|draft"
    r"|(?:get|go|delve) into (?:that|this|it|the)|talk about|comment on|advise on|weigh in|go there|go along"
    r"|take (?:on|part)|walk you|guide you|supply|role-?play|play along|impersonate|speculate|disclose|reveal"
    r"|divulge)"
)
_BENIGN = (
    r"(?:wait|believe|imagine|see|find|tell|say|verify|access|open|remember|think|recall|predict|guess|know|hear|read"
    r"|browse"
    r"|locate|detect|identify|determine|confirm|compute|come|attend|make|afford|sleep|stress|play|run|reproduce|agree"
    r"|stop"
    r"|resist|lift|reach|eat|be|have|get|taste|feel|put|spot|view|look|understand|place|pin|rule|judge|speak for"
    r"|vouch"
    r"|manage|handle|fault|top|beat|improve|blame|fathom|live|leave)"
)
_MY_RULES = (
    r"(?:polic(?:y|ies)|guidelines|terms (?:of (?:use|service))?|programming|principles|safety (?:rules|standards))"
)
ENGLISH: Final = from_patterns(
    r"n't|cannot|can not|will not|not |unable|declin|refus|sorry|as an? |my |our |rather|prefer|violat|off[- ]limits"
    r"|no can|only|something else|against|beyond|outside|steer|stay|keep|sit |instead of|intention|stop"
    r"|out of|let's|pass on|refrain|prohibit|afraid|neutral|no comment|no,? sorry|nope|say no|turn |skip|draw"
    r"|count me|pass|so no"
    r"|inappropriate|unethical|irresponsible|request",
    rf"\bi(?: \w+){{0,2}}? ?{_UNABLE} (?:\w+ ){{0,3}}?{_DO}\b",
    r"\b(?:sorry|apologi[sz]e|apologies|unfortunately|regret)\b[^.!?]{0,80}? "
    rf"i (?:\w+ )?(?:{_UNABLE}|(?:don't|do not) have)\b",
    r"\bi (?:must|have to|need to|will have to|would have to|'ll have to) (?:\w+ )?(?:decline|refuse|refrain)\b",
    r"\bi (?:respectfully |must |choose to )?(?:decline|refuse) to\b(?! (?:believe|think|give up))"
    r"|\bi (?:respectfully |politely )?decline\b",
    r"\bas an? (?:\w+ ){0,2}?(?:ai|artificial intelligence)\b[^.!?]{0,80}? i (?:\w+ )?"
    r"(?:can't|cannot|(?:don't|do not) (?:have (?:access|the ability|real)|endorse|support|promote|condone)"
    r"|am (?:not|unable|programmed|committed|designed))",
    r"\b(?:against|violates?) my (?:programming|guidelines|principles|policy|policies)\b",
    r"\b(?:can't|cannot|not able to|unable to) (?:assist|help)(?: you)? with (?:that|this|your)\b",
    # The softer ones.
    r"\b(?:this|that|it)(?: is|'s)?(?: not|n't) (?:\w+ ){0,4}?i(?:'m| am)? (?:can|able|willing|allowed|comfortable"
    r"|permitted"
    r"|want|wish) (?:to )?(?:help|assist|produce|create|write|discuss|answer|provide|share|support|do|go|have|offer"
    r"|talk)\b",
    r"\bi(?:'d| would) rather (?:steer|talk about|focus on|keep|move|leave|avoid|stay away|skip)\b"
    r"|\bnot (?:really )?my place"
    r" to\b|\bdraw (?:a|the) line (?:here|there|at)\b|\bcount me out\b|\bhard pass\b|\bi'll pass\b",
    r"\bso (?:no\b|i(?:'ll| will| must|'d)? (?:won't|can't|cannot|decline|pass|refuse|have to decline|rather not)\b)",
    r"\bi (?:don't|do not) feel (?:able|right|equipped|qualified)\b|\b(?:that|this|it) (?:would not"
    r"|wouldn't) be (?:appropriate"
    r"|right|ethical|responsible|safe)\b|\bi (?:don't|do not) do (?:that|this)\b",
    rf"\bi(?: \w+){{0,2}}? ?{_UNABLE} (?!(?:\w+ly )?{_BENIGN}\b)(?:\w+ ){{1,3}}?(?:that|this|those|these|such"
    rf"|your (?:request"
    r"|question|prompt)|my (?:instructions|system|prompt|rules|guidelines))\b",
    r"\b(?:request|question|topic|task|material|content)(?: is(?: not|n't)) (?:one|something|anything) (?:that )?i\b",
    r"\bi(?: have been|'ve been|'m| am| was) (?:\w+ )?(?:instructed|told|trained|asked|required|configured|designed"
    r"|programmed|built) (?:not to|to (?:avoid|decline|refuse))\b",
    r"\b(?:break|violat\w+|breach\w*|go(?:es|ing)? against|contradict\w*|conflicts? with"
    r"|contrary to) my (?:\w+ )?(?:rules"
    r"|guidelines|polic|principles|programming|instructions|values)",
    r"\bi (?:try not to|don't|do not|won't|prefer not to) take sides\b|\bi (?:must|need to|have to|try to|prefer to"
    r"|aim to) "
    r"(?:stay|remain) (?:neutral|impartial)\b|^no comment\b|\bsteer clear of (?:that|this)\b",
    r"\bi(?:'d| would) (?:like|prefer|want|rather) (?:to )?(?:steer|stay|keep) (?:clear|away)\b|\bsit (?:this|that)"
    r" (?:one )?out\b|\blet's (?:please )?not (?:go there|do (?:that|this)|discuss|talk|get into|continue)\b"
    r"|^instead of "
    r"[^.!?]{3,80}?, i(?: can| could|'d be (?:happy|glad) to| would be (?:happy|glad) to) (?:help|offer|suggest"
    r"|provide"
    r"|write)\b|\bi (?:don't|do not) do (?:\w+ ){0,2}(?:advice|diagnos[ei]s|requests?|content|opinions?)\b",
    r"\bi(?:'m going to have to|'ll have to| must| have to| need to| will have to) (?:say no|skip (?:that|this)"
    r"|turn (?:that"
    r"|this|it|you) down|stop here)\b",
    r"\b(?:request|question|topic|that|this) (?:can't|cannot|can not) be (?:answered|fulfilled|processed|discussed"
    r"|granted)"
    r"\b",
    r"\b(?:that|this|it|(?:that|this|your|the) (?:request|prompt|topic|question|task))(?:'s| is)(?: not"
    r"|n't) (?:something"
    r"|anything"
    r"|a topic|a request|a subject|a task|an area) (?:that )?(?:i|we)(?: can| could| do| will| am|'m|'ll| (?:produce"
    r"|create|write|offer|provide|discuss|support|engage|assist|help|talk|comment)"
    r"|(?:'d| would) (?:do|write|help|feel|be comfortable))\b|\b\w{2,20}ing [^.!?]{2,60} (?:is not|isn't) something"
    r" (?:that )?(?:i|we) (?:can|could|will|am able)\b|\b(?:that|this|it) isn't (?:something|a topic"
    r"|a request|a task) (?:that )?(?:i|we)\b",
    r"\b(?:that|this|it)(?:'s| is) (?:something|a topic|a request|a subject|a task|an area|one) (?:that )?i(?:'m not"
    r"| am not"
    r"| can't| cannot| won't| don't| do not| will not| am unable|'d rather not| would rather not| shouldn't)\b",
    r"\bi(?:'m| am)(?: \w+)? not (?:\w+ )?(?:comfortable|willing|permitted|allowed|authori[sz]ed|prepared|inclined"
    r"|programmed|in a position|at liberty)\b",
    r"\bi(?:'d| would)? (?:much )?(?:rather|prefer) not(?: to)?(?:[.!,]| (?:\w+ )?(?:go|get|discuss|talk|answer"
    r"|speculate"
    r"|comment|share|write|engage|do|help|take|continue|provide|speak|touch|express|generate|create|participate|play"
    r"|weigh)\b)|\bi(?:'d| would) (?:rather|prefer) (?:we|you) (?:didn't|talk)",
    rf"\b(?:request|prompt|content|question|message|topic|this|that|it) (?:\w+ ){{0,3}}?(?:violates?|goes against"
    rf"|is against"
    rf"|breaches|conflicts with|falls foul of) (?:our|my|openai's|company|content|usage|safety|community"
    rf"|the (?:content|usage|safety|company|community|platform|service|terms|guidelines"
    rf"|polic))[^.!?]{{0,25}}?{_MY_RULES}",
    r"\b(?:beyond|outside|out of)(?: of)? (?:the scope of )?(?:my|what i|what this)(?: current| present)? ?"
    r"(?:scope|capabilit|abilit|expertise|remit|purview|role|guidelines|limits|can|am|assistant|'m)",
    r"\blet's (?:talk about|discuss|move on to|switch to|focus on|stick to) (?:something else|something different"
    r"|another (?:topic|subject)|a different)|\blet's change the (?:topic|subject)",
    r"\bi(?:'ll| will|'m going to| am going to|'ll have to| have to)(?: have to)? (?:pass on|refrain|sit this one out"
    r"|stop"
    r" (?:you )?(?:right )?(?:there|here))",
    r"\bi (?:don't|do not) (?:feel comfortable|think i (?:should|can) (?:\w+ )?(?:help|answer|do|assist|share|discuss"
    r"|write|go)"
    r"|have (?:the ability|permission|authori[sz]ation) to|write (?:content|that|this|such|anything|material)|provide"
    r"|engage|generate|discuss|produce|participate"
    r"|assist|help with|do that|offer|create|answer)\b",
    r"\bi (?:shouldn't|should not|mustn't|must not|may not|couldn't|could not|would(?:n't| not)(?! do (?:that|this"
    r"|so)))"
    r"(?! (?:help (?:but|\w+ing)|agree|say|call|be)\b) (?:\w+ ){0,2}?"
    r"(?:help|assist|provide|comply|answer|engage|participate|create|generate|write|discuss|share|do (?:that|this"
    r"|so))\b",
    r"\b(?:it|that|this)(?:'s| is| would be|'d be)(?: not (?:appropriate|ethical|safe|responsible)"
    r"| inappropriate| unethical| irresponsible| wrong) for me to\b",
    r"\b(?:my|our) (?:\w+ )?(?:guidelines|policies|policy|instructions|programming|training|principles|rules) "
    r"(?:\w+ )?(?:prevents?|prohibits?|forbids?|(?:do|does) not (?:allow|permit)|(?:don't|doesn't) (?:allow|permit)"
    r"|stops?"
    r"|restricts?)\b",
    r"(?:^|[.!?] |sorry,? (?:but )?|unfortunately,? )(?:can't|cannot|unable to|won't|not able to) (?:assist|help"
    r"|comply"
    r"|continue|proceed|fulfil|answer|do (?:that|this|it)|discuss|engage|provide)\b",
    r"\bwe(?: \w+)? (?:can't|cannot|are unable to|are not able to) (?:\w+ )?(?:help|show (?:a|you|any|this)|assist"
    r"|comply|provide|discuss"
    r"|process (?:this|that|your|the) (?:request|prompt))\b",
    r"\b(?:topic|subject|that|this|it)(?:'s| is) off[- ]limits\b|\bi(?:'d| had) better not\b|\bi choose not to\b"
    r"|\bno can do\b|^(?:no[,.] )?i (?:can't|cannot|won't|will not|refuse)[.,!]|^sorry,? but no\b"
    r"|\bi can only (?:help|answer|assist|discuss|talk)\b|\bi(?:'m| am) only able to (?:help|answer|assist|discuss)\b"
    r"|\b(?:happy|glad) to help (?:you )?with (?:something|anything) else\b|\b(?:that's|this is"
    r"|it's) not going to happen\b",
    r"\bi(?:'m| am) not (?:doing|writing|answering|helping|creating|providing|engaging|discussing)\b",
    r"\b(?:sorry|apologies|afraid)\b[^.!?]{0,60}\b(?:not possible for me|impossible for me|not allowed"
    r"|not permitted)\b",
    rf"\bi(?:'m| am) [^.!?]{{0,60}} (?:and|so) (?:i )?(?:must |will )?(?:can't|cannot|won't|not) (?:\w+ )?{_DO}\b",
    r"\bi(?:'m| am) (?:prohibited|restricted|prevented|barred|forbidden) from\b|\bi have no (?:intention"
    r"|wish) (?:of|to)"
    r" (?:help|assist|writ|provid|answer|do|tak|discuss|go)|\bi(?:'m| am) (?:respectfully )?(?:declining|refusing)\b"
    r"|\bi(?:'m| am) choosing not to\b|\b(?:one|a) (?:request|question|topic|thing)s? (?:that )?i (?:(?:have|need) to"
    r" (?:turn down|decline|refuse|skip)|(?:don't|do not|won't|will not) (?:write|answer|do|discuss|create))\b"
    r"|\bthere are (?:some )?(?:\w+ )?(?:things|topics) (?:that )?i (?:don't|do not|won't|can't)\b"
    r"|^(?:\w+ )?not (?:something"
    r"|a topic) i(?:'d| would|'m| am|'ll)? (?:be )?(?:comfortable|willing|want|do|write|discuss)"
    r"|\b(?:a )?hard no from me\b|\bi (?:must|have to|need to|will) stop (?:here|there)\b|, so i (?:will"
    r"|must) not[.!]"
    r"|\bi (?:don't|do not) (?:share|give|offer) (?:\w+ )?(?:personal |legal |medical |financial "
    r"|political )+(?:opinions?"
    r"|views?|advice)\b",
    r"\bi(?:'m| am) afraid (?:that )?(?:i (?:can't|cannot|won't|'m not)|i'm not|that's not|that is not|this isn't)",
    r"\bi (?:can't|cannot) in good (?:conscience|faith)\b",
    r"^(?:\w+ ){1,3}(?:said|stated|explained|told me|informed me) (?:that )?(?:this|your) (?:request|prompt)"
    r" (?:has been|was|is) (?:blocked|declined|denied|refused|rejected)\b",
    r"^(?:this|your|the) (?:request|prompt|content|question) (?:has been|was|is|cannot be) (?:blocked|declined|denied"
    r"|refused|rejected|not (?:allowed|permitted|something)|prohibited|disallowed|fulfilled|processed|answered)\b",
)
_SAID: Final = (
    r"(?:told|said|replied|answered|explained|informed|admitted|wrote|insisted|claimed|responded|announced|stated)\b"
)
_SAID_TO: Final = r"(?:told|informed|(?:wrote|said|replied|explained|answered) to)"
REPORTED: Final = re.compile(
    r"(?!.*\b(?:sorry|unfortunately)\b).*?(?:"
    r"\b(?:she|he|they|who|(?:the|his|her|their|my|our) \w+)"
    rf" (?:(?:had|has|have|also|then|later|politely|finally) ){{0,2}}{_SAID}"
    r"(?: (?:me|us)(?= (?:that )?(?:she|he|they|the)\b))?"
    rf"|\b(?!(?:i|we|you|as|that|is|was|be|been)\b)\w+ {_SAID}(?: (?:me|us|him|her|them))?"
    r"(?= (?:that )?(?:she|he|they)\b)"
    r"|^according to (?!(?:my|our|your)\b)[^,]{1,40},(?= (?:she|he|they|the \w+)\b)"
    rf"|(?<!\bas )\b(?:i|we) (?:have |had |also |then |later ){{0,2}}{_SAID_TO}"
    r" (?!you\b)[^,;:]{1,40}? (?:i|we)(?= |'))"
)
"""What somebody else said, or the writer to somebody else, without quotes."""
OWN: Final = re.compile(
    r"\b(?:i|me|my|we|us|our|(?:the|this|an) (?:ai|model|assistant|system)"
    r"|(?:this|your) (?:request|prompt|content|question|message) (?:is|was|has|had|can|could|will|would|must|may)\w*)\b"
)
"""Words that make such a sentence the model's own after all: it names itself, or the request that it was sent."""
