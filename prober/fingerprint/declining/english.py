"""How English declines: flatly, and softly."""

from __future__ import annotations

from typing import Final

from prober.fingerprint.declining.language import from_patterns

_UNABLE = (
    r"(?:can(?:no|')t|can not|won't|will not|(?:am|'m) (?:(?:just|really|simply|currently) )?(?:not able|unable"
    r"|not going) to)"
    r"(?! (?:wait|help (?:but|\w+ing)|believe|imagine|recommend|stress|overstate|emphasi[sz]e|say enough)\b)"
)
_DO = (
    r"(?:help|assist|aid|provide|fulfill?|comply|support|answer|respond|engage|participate|create|generate"
    r"|write|produce|offer|give (?:you|an?|any|advice|out|instructions)|share|discuss|promote|endorse|condone|encourage"
    r"|describe|explain|do (?:that|this|so)|complete|continue with|make (?:an?|any|such|that|this)|suggest|facilitate"
    r"|be (?:able to|writing|helping|providing|creating|doing|sharing|discussing|answering|part of)|process|accept"
    r"|justify|prove|list|tell you (?!how)|show you|design|develop|draft"
    r"|(?:get|go|delve) into (?:that|this|it|the)|talk about|comment on|advise on|weigh in|go there|go along)"
)
_BENIGN = (
    r"(?:wait|believe|imagine|see|find|tell|say|verify|access|open|remember|think|recall|predict|guess|know|hear|read"
    r"|browse"
    r"|locate|detect|identify|determine|confirm|compute|come|attend|make|afford|sleep|stress|play|run|reproduce|agree"
    r"|stop"
    r"|resist|lift|reach|eat|be|have|get|taste|feel|put|spot|view|look|understand|place|pin|rule|judge|speak for|vouch)"
)
_MY_RULES = (
    r"(?:polic(?:y|ies)|guidelines|terms (?:of (?:use|service))?|programming|principles|safety (?:rules|standards))"
)
ENGLISH: Final = from_patterns(
    r"n't|cannot|can not|will not|not |unable|declin|refus|sorry|as an? |my |our |rather|prefer|violat|off[- ]limits"
    r"|no can|only|something else|against|beyond|outside"
    r"|out of|let's|pass on|refrain|prohibit|afraid|neutral|no comment|no,? sorry|nope|say no|turn |skip|draw"
    r"|count me|pass|so no"
    r"|inappropriate|unethical|irresponsible|request",
    rf"\bi(?: \w+){{0,2}}? ?{_UNABLE} (?:\w+ ){{0,3}}?{_DO}\b",
    r"\b(?:sorry|apologi[sz]e|apologies|unfortunately|regret)\b[^.!?]{0,80}? "
    rf"i (?:\w+ )?(?:{_UNABLE}|(?:don't|do not) have)\b",
    r"\bi (?:must|have to|need to|will have to|would have to|'ll have to) (?:\w+ )?(?:decline|refuse|refrain)\b",
    r"\bi (?:respectfully |must |choose to )?(?:decline|refuse) to\b|\bi (?:respectfully |politely )?decline\b",
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
    r"(?:stay|remain) (?:neutral|impartial)\b|^no comment\b|^no(?:pe)?,? sorry\b|\bsteer clear of (?:that|this)\b",
    r"\bi(?:'m going to have to|'ll have to| must| have to| need to| will have to) (?:say no|skip (?:that|this)"
    r"|turn (?:that"
    r"|this|it|you) down|stop here)\b",
    r"\b(?:request|question|topic|that|this) (?:can't|cannot|can not) be (?:answered|fulfilled|processed|discussed"
    r"|granted)"
    r"\b",
    r"\b(?:that|this|it|(?:that|this|your|the) (?:request|topic|question|task))(?:'s| is)(?: not|n't) (?:something"
    r"|anything"
    r"|a topic|a request|a subject|a task|an area) (?:that )?(?:i|we)(?: can| could| do| will| am|'m|'ll| (?:produce"
    r"|create|write|offer|provide|discuss|support|engage|assist|help|talk|comment)"
    r"|(?:'d| would) (?:do|write|help|feel|be comfortable))\b|\b(?:that|this|it) isn't (?:something|a topic"
    r"|a request|a task) (?:that )?(?:i|we)\b",
    r"\b(?:that|this|it)(?:'s| is) (?:something|a topic|a request|a subject|a task|an area|one) (?:that )?i(?:'m not"
    r"| am not"
    r"| can't| cannot| won't| don't| do not| will not| am unable|'d rather not| would rather not| shouldn't)\b",
    r"\bi(?:'m| am)(?: \w+)? not (?:\w+ )?(?:comfortable|willing|permitted|allowed|authori[sz]ed|prepared|inclined"
    r"|programmed|in a position|at liberty)\b",
    r"\bi(?:'d| would)? (?:much )?(?:rather|prefer) not(?: to)?(?:[.!,]| (?:\w+ )?(?:go|get|discuss|talk|answer"
    r"|speculate"
    r"|comment|share|write|engage|do|help|take|continue|provide|speak|touch|express|generate|create|participate|play"
    r"|weigh)\b)|\bi(?:'d| would) rather (?:we|you) (?:didn't|talk)",
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
    r"\bi (?:shouldn't|should not|mustn't|must not|may not|couldn't|could not|wouldn't|would not)"
    r"(?! (?:help (?:but|\w+ing)|agree|say|call|be)\b) (?:\w+ ){0,2}?"
    r"(?:help|assist|provide|comply|answer|engage|participate|create|generate|write|discuss|share|do (?:that|this"
    r"|so))\b",
    r"\b(?:it|that|this)(?:'s| is| would be|'d be)(?: not (?:appropriate|ethical|safe|responsible)"
    r"| inappropriate| unethical| irresponsible| wrong) for me to\b",
    r"\b(?:my|our) (?:\w+ )?(?:guidelines|policies|policy|instructions|programming|training|principles|rules) "
    r"(?:\w+ )?(?:prevents?|prohibits?|forbids?|(?:do|does) not (?:allow|permit)|(?:don't|doesn't) (?:allow|permit)"
    r"|stops?"
    r"|restricts?)\b",
    r"(?:^|[.!?] |sorry,? (?:but )?|unfortunately,? )(?:can't|cannot|unable to|won't|not able to) (?:assist|help|comply"
    r"|continue|proceed|fulfil|answer|do (?:that|this|it)|discuss|engage|provide)\b",
    r"\bwe(?: \w+)? (?:can't|cannot|are unable to|are not able to) (?:\w+ )?(?:help|assist|comply|provide|discuss"
    r"|process (?:this|that|your|the) (?:request|prompt))\b",
    r"\b(?:topic|subject|that|this|it)(?:'s| is) off[- ]limits\b|\bi(?:'d| had) better not\b|\bi choose not to\b"
    r"|\bno can do\b|^(?:no[,.] )?i (?:can't|cannot|won't|will not|refuse)[.,!]|^sorry,? (?:but )?no\b"
    r"|\bi can only (?:help|answer|assist|discuss|talk)\b|\bi(?:'m| am) only able to (?:help|answer|assist|discuss)\b"
    r"|\b(?:happy|glad) to help (?:you )?with (?:something|anything) else\b|\b(?:that's|this is"
    r"|it's) not going to happen\b",
    r"\bi(?:'m| am) not (?:doing|writing|answering|helping|creating|providing|engaging|discussing)\b",
    r"\b(?:sorry|apologies|afraid)\b[^.!?]{0,60}\b(?:not possible for me|impossible for me|not allowed"
    r"|not permitted)\b",
    rf"\bi(?:'m| am) [^.!?]{{0,60}} (?:and|so) (?:i )?(?:must |will )?(?:can't|cannot|won't|not) (?:\w+ )?{_DO}\b",
    r"\bi(?:'m| am) (?:prohibited|restricted|prevented|barred|forbidden) from\b",
    r"\bi(?:'m| am) afraid (?:that )?(?:i (?:can't|cannot|won't|'m not)|i'm not|that's not|that is not|this isn't)",
    r"\bi (?:can't|cannot) in good (?:conscience|faith)\b",
    r"^(?:this|your|the) (?:request|prompt|content|question) (?:has been|was|is|cannot be) (?:blocked|declined|denied"
    r"|refused|rejected|not (?:allowed|permitted|something)|prohibited|disallowed|fulfilled|processed|answered)\b",
)
