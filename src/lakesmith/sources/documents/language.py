"""Which language a text is in: by its script, or by the small words that every sentence needs. None when that is not sure."""

from __future__ import annotations

import re
from collections import Counter

# ruff: noqa: RUF001 - the words of three languages look like Latin letters
LOOKED_AT = 20_000
ENOUGH_LETTERS, ENOUGH_WORDS = 20, 8
LEAST_SHARE, LEAST_LEAD = 0.12, 1.3
_WORD = re.compile(r"[^\W\d_]+")
_WORDS = {
    "en": "the of and to in is that for it with as was on are be this by you at from or have an not your we which will use has",
    "de": "der die und in den von zu das mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er hat dass sie wir",
    "fr": "de la le et les des en un une du est que dans qui par pour au sur pas plus ce il sont avec vous nous cette ne se aux",
    "es": "de la que el en y a los del se las por un para con no una su al lo como más es son este sus pero usted le ha",
    "it": "di e il la che in un a per è del una con non sono le si della i da al dei come più alla gli questo anche nel ha",
    "pt": "de a o que e do da em um para com não uma os no se na por mais as dos como mas ao ele das tem seu sua são você",
    "nl": "de van het een en in is dat op te zijn met voor niet die aan er ook als bij door maar om naar uit wordt dit ze wij heeft",
    "sv": "och att det som en på är av för med den till inte om ett har de jag men så vi var från kan eller ska där du",
    "da": "og at det er en til på de den med for ikke der som af et har men vi kan om fra skal var eller så hun jeg blev",
    "nb": "og i det er en til på de den med for ikke som av et har men vi kan om fra skal var eller så ble jeg også etter",
    "fi": "ja on ei se että oli hän ovat mutta kun niin myös tai joka olla jos sen kuin ole mitä tämä vain minä sekä voi",
    "pl": "i w na z do że się nie to jest o jak po za od są dla przez oraz ale czy tak ma co lub który może być jego tym",
    "cs": "a se v na je že to s z do o i jsou ve pro za by ale jako po jeho které nebo být si tak jsem od při byl",
    "tr": "ve bir bu için ile da de çok daha olarak en gibi olan var ne ama ya o kadar sonra her mi değil ise olduğu ki",
    "ro": "și de în la a cu pe nu că o din pentru este un mai care se ca sunt sau fi prin au fost dar ce această acest după",
    "hu": "a az és hogy nem is egy ez meg van csak de mint már még ha vagy kell volt azt akkor pedig lehet el nagyon ki után",
    "ru": "и в не на что с по как это он к но из у за то от же для вы мы так все его бы был или она есть при",
    "uk": "і в не на що з та у до як це за він але про для від є його або ми ви вже так який були також бути",
    "bg": "и на да се от за в не с е по това са че до като но при ще си тя той или беше към един има",
}
_STOPWORDS = {code: frozenset(words.split()) for code, words in _WORDS.items()}
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af]")),
    ("zh", re.compile(r"[\u4e00-\u9fff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hi", re.compile(r"[\u0900-\u097f]")),
    ("ar", re.compile(r"[\u0600-\u06ff]")),
)
_PERSIAN = re.compile("[\u067e\u0686\u0698\u06af]")
_KANA_SHARE, _SCRIPT_SHARE = 0.1, 0.4


def language_of(text: str) -> str | None:
    """Return the language as ISO 639-1, None when unsure. Scripts that several languages use tell their most common one.

    Examples:
        >>> language_of("Wir danken für die Anfrage und senden Ihnen das Angebot mit der Post an die Adresse im Brief.")
        'de'
        >>> language_of("OK 42") is None
        True
    """
    sample = text[:LOOKED_AT]
    letters = sum(map(str.isalpha, sample))
    if letters < ENOUGH_LETTERS:
        return None
    return _by_script(sample, letters) or _by_words(sample)


def _by_script(sample: str, letters: int) -> str | None:
    for code, script in _SCRIPTS:
        share = len(script.findall(sample)) / letters
        if share >= (_KANA_SHARE if code == "ja" else _SCRIPT_SHARE):
            return "fa" if code == "ar" and _PERSIAN.search(sample) else code
    return None


def _by_words(sample: str) -> str | None:
    words = Counter(word.lower() for word in _WORD.findall(sample))
    total = words.total()
    if total < ENOUGH_WORDS:
        return None
    scores = sorted(
        ((sum(words[word] for word in known & words.keys()) / total, code) for code, known in _STOPWORDS.items()),
        reverse=True,
    )
    (best, code), (second, _) = scores[0], scores[1]
    return code if best >= LEAST_SHARE and best >= LEAST_LEAD * second else None
