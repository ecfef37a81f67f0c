"""The statistic once more, slowly: plain loops in the letters of the docstrings of `null`, `learning`,
`bets` and `edetector` in `prober.judging.statistic`.

Tables are lists of counts x[p][c]. Nothing is in logarithms but the Dirichlet-multinomial itself, and no onset is ever
dropped. Constants are the module's; formulas are not.
"""

from __future__ import annotations

from math import exp, lgamma, log

from prober.judging.statistic.bets import POOLED, RIDGES, SHARED, TEMPERED, UNSEEN, WEIGHTS
from prober.judging.statistic.edetector import CAUTION, DOUBT
from prober.judging.statistic.null import CLASS_STRENGTH, CLASS_TILT, OUTLIER_STRENGTH, REPEAT_STRENGTH, STRENGTHS

S = [float(s) for s in CLASS_STRENGTH]
THETA = [[float(t) for t in tilt] for tilt in CLASS_TILT]
K = range(len(S))
"""Classes of their own; behind them come outliers, and those that repeat a round of the reference."""


def kappa(s, c):
    """1/(kappa+1) = 1/(s+1) + s/(s+1) / (c+1)"""
    return 1 / (1 / (s + 1) + s / (s + 1) / (c + 1)) - 1


def dirichlet_multinomial(x, kappa, mu):
    """Ln probability of replies in their order, of which x[c] fell into category c."""
    n = sum(x)
    total = lgamma(kappa) - lgamma(kappa + n)
    for x_c, mu_c in zip(x, mu, strict=True):
        if x_c:
            total += lgamma(kappa * mu_c + x_c) - lgamma(kappa * mu_c)
    return total


def tilted(mu, v, theta):
    """Mu exp(theta v), normalised; v[0] is sharpness, v[1] the score."""
    weights = [m * exp(theta[0] * a + theta[1] * b) for m, a, b in zip(mu, v[0], v[1], strict=True)]
    return [w / sum(weights) for w in weights]


def probability(x, s, theta, mu, c, v):
    """Of one round, all rows, in a class of strength s and tilt theta: rows have means mu[p], with c[p] replies behind each."""
    total = 0.0
    for p in range(len(x)):
        total += dirichlet_multinomial(x[p], kappa(s, c[p]), tilted(mu[p], [v[0][p], v[1][p]], theta))
    return exp(total)


def mean(base):
    return [[b / sum(row) for b in row] for row in base]


def worth(x, belief, s):
    """What a reply of each row is worth: the inverse design effect, averaged over classes of strengths s."""
    return [sum(w * (1 + s_k) / (max(sum(row), 1) + s_k) for w, s_k in zip(belief, s, strict=True)) for row in x]


def no_less_new(mu, null, novel):
    out = []
    for mu_p, null_p, novel_p in zip(mu, null, novel, strict=True):
        unseen = sum(max(m, q) for m, q, new in zip(mu_p, null_p, novel_p, strict=True) if new)
        known = sum(m for m, new in zip(mu_p, novel_p, strict=True) if not new)
        out.append([unseen if new else m * (1 - unseen) / known for m, new in zip(mu_p, novel_p, strict=True)])
    return out


def ridge(mu, x, n, tau):
    """mu_c exp(tau² (x_c - n mu_c) / (1 + tau² n mu_c)), normalised"""
    weights = [mu_c * exp(tau**2 * (x_c - n * mu_c) / (1 + tau**2 * n * mu_c)) for mu_c, x_c in zip(mu, x, strict=True)]
    return [w / sum(weights) for w in weights]


def theta(mu, x, v):
    """Sum (x_c - n mu_c) v_c over all rows, shrunk: / (1/POOLED² + replies of rows where v is not 0 everywhere)."""
    moved, replies = 0.0, 0.0
    for mu_p, x_p, v_p in zip(mu, x, v, strict=True):
        n = sum(x_p)
        moved += sum((x_c - n * mu_c) * v_c for x_c, mu_c, v_c in zip(x_p, mu_p, v_p, strict=True))
        if any(v_p):
            replies += n
    return moved / (1 / POOLED**2 + replies)


def dirichlet(about, strength, x):
    """The mean of a Dirichlet of this strength after x."""
    return [(strength * m + x_c) / (strength + sum(x)) for m, x_c in zip(about, x, strict=True)]


def shared(mu, x, n, names):
    """mu_c exp(tau² X / (1 + tau² M)), normalised: X and M are x - n mu and n mu over all categories named as c is."""
    surplus, expected = {}, {}
    for p, row in enumerate(names):
        for c, name in enumerate(row):
            surplus[name] = surplus.get(name, 0.0) + x[p][c] - n[p] * mu[p][c]
            expected[name] = expected.get(name, 0.0) + n[p] * mu[p][c]
    out = []
    for mu_p, row in zip(mu, names, strict=True):
        shift = [SHARED**2 * surplus[name] / (1 + SHARED**2 * expected[name]) for name in row]
        weights = [mu_c * exp(s) for mu_c, s in zip(mu_p, shift, strict=True)]
        out.append([w / sum(weights) for w in weights])
    return out


def unseen(mu, x, novel):
    """A share (1/10 + x_unseen) / (1 + n) of what was never seen, the rest as mu."""
    if not any(novel):
        return mu
    share = (UNSEEN + sum(x_c for x_c, new in zip(x, novel, strict=True) if new)) / (1 + sum(x))
    known = sum(m for m, new in zip(mu, novel, strict=True) if not new)
    return [share if new else (1 - share) * m / known for m, new in zip(mu, novel, strict=True)]


def alternatives(onset, null, valid, v, novel, names):
    """(mean, replies behind it) of every strategy of one onset, as lists over rows."""
    rows = range(len(null))
    mu, x = onset["mean"], onset["seen"]
    n = [sum(x[p]) for p in rows]
    out = [([ridge(mu[p], x[p], n[p], tau) for p in rows], onset["support"]) for tau in map(float, RIDGES)]
    alike = shared(mu, x, n, names)
    out.append((alike, onset["support"]))
    out.append(([ridge(alike[p], x[p], n[p], SHARED) for p in rows], onset["support"]))
    for axis in range(2):
        tilt = [0.0, 0.0]
        tilt[axis] = theta(mu, x, v[axis])
        out.append(([tilted(mu[p], [v[0][p], v[1][p]], tilt) for p in rows], onset["support"]))
    width = [0.5 * sum(valid[p]) for p in rows]
    flat = [[ok / sum(valid[p]) for ok in valid[p]] for p in rows]
    out.append(([dirichlet(flat[p], width[p], x[p]) for p in rows], [width[p] + n[p] for p in rows]))
    out.append(([unseen(mu[p], x[p], novel[p]) for p in rows], onset["support"]))
    return [(no_less_new(mean, null, novel), c) for mean, c in out]


class Twin:
    """R_t over the rounds given to `step`, after the reference `null`."""

    def __init__(self, null):
        self.base = null.base.tolist()
        self.pi = null.classes.tolist()
        self.v = null.score.tolist()
        self.valid = null.valid.tolist()
        self.novel = null.novel.tolist()
        self.names = null.names.tolist()
        self.repeats = null.repeats.tolist()
        self.onsets = []

    def null(self, x):
        """Of every class, its weight times its probability of the round."""
        mu, c = mean(self.base), [sum(row) for row in self.base]
        own = [probability(x, S[k], THETA[k], mu, c, self.v) for k in K]
        anything = [[ok / sum(row) for ok in row] for row in self.valid]
        alike, certain = float(STRENGTHS[OUTLIER_STRENGTH]), [1e9] * len(c)
        outlier = probability(x, alike, [0.0, 0.0], anything, certain, self.v)
        near = float(STRENGTHS[REPEAT_STRENGTH])
        repeated = [probability(x, near, [0.0, 0.0], repeat, c, self.v) for repeat in self.repeats]
        return [pi_k / sum(self.pi) * p_k for pi_k, p_k in zip(self.pi, [*own, outlier, *repeated], strict=True)]

    def alternative(self, x, mu, c):
        """Of every class but outliers and repetitions, which are what they are after a change too."""
        return [self.pi[k] / sum(self.pi) * probability(x, S[k], THETA[k], mu, c, self.v) for k in K]

    def step(self, x):
        null_mean, support = mean(self.base), [sum(row) for row in self.base]
        unit = len(self.repeats) / (len(self.repeats) + CAUTION)
        self.onsets.append(
            {
                "capital": [unit * float(w) for w in WEIGHTS],
                "mean": null_mean,
                "support": support,
                "seen": [[0.0] * len(row) for row in self.base],
            }
        )
        null_k = self.null(x)
        the_same = sum(null_k[len(K) :])
        usual = sum(self.pi[: len(K)]) / sum(self.pi)
        for onset in self.onsets:
            belief = [0.0 for _ in K]
            for i, (mu, c) in enumerate(alternatives(onset, null_mean, self.valid, self.v, self.novel, self.names)):
                alternative_k = self.alternative(x, mu, c)
                onset["capital"][i] *= ((sum(alternative_k) + the_same) / sum(null_k)) ** (
                    usual**2 if TEMPERED[i] else 1
                )
                for k in K:
                    belief[k] += onset["capital"][i] * alternative_k[k] / sum(alternative_k)
            belief = [w / sum(belief) for w in belief]
            for p, w in enumerate(worth(x, belief, S)):
                onset["seen"][p] = [old + w * n for old, n in zip(onset["seen"][p], x[p], strict=True)]
        belief = [w / sum(null_k) for w in null_k]
        trust = 1 / (1 + max(sum(onset["capital"]) for onset in self.onsets) / unit / DOUBT)
        # What is strange, or was seen before, is one reply's worth a row.
        strengths = S + [0.0] * (1 + len(self.repeats))
        for p, w in enumerate(worth(x, belief, strengths)):
            self.base[p] = [old + trust * w * n for old, n in zip(self.base[p], x[p], strict=True)]
        self.pi = [old + trust * new for old, new in zip(self.pi, belief, strict=True)]

    @property
    def log_e(self):
        return log(sum(sum(onset["capital"]) for onset in self.onsets))
