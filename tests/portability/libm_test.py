"""What the signature program, hence every training, takes from libm: exactly rounded functions only.

libm_test.py PROGRAM: reads its undefined dynamic symbols with nm. The rules of tests/layers look
for the names in the sources; the compiler may call what no source names.
"""
import re
import subprocess
import sys

EXACT = {"fma", "fmaf", "sqrt", "sqrtf", "ceil", "ceilf", "floor", "floorf", "trunc", "truncf",
         "rint", "rintf", "nearbyint", "nearbyintf", "round", "roundf", "lround", "lroundf",
         "ldexp", "ldexpf", "scalbn", "scalbnf", "frexp", "frexpf", "ilogb", "ilogbf", "fmod",
         "fmodf", "modf", "modff", "copysign", "fabs"}
INEXACT = re.compile(
    r"^_*(?:exp|exp2|exp10|expm1|log|log2|log10|log1p|pow|sin|cos|sincos|tan|sinh|cosh|tanh|asin"
    r"|acos|atan|atan2|asinh|acosh|atanh|erf|erfc|tgamma|lgamma|gamma|cbrt|hypot|j[01n]|y[01n])"
    r"[fl]?(?:_finite)?$|^_ZGV")


def imported(program: str) -> dict[str, str]:
    """{symbol: library version} of the undefined dynamic symbols."""
    lines = subprocess.run(["nm", "--dynamic", "--undefined-only", program], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    symbols = (line.split()[-1].partition("@") for line in lines if line.strip())
    return {name: version for name, _, version in symbols}


def main() -> int:
    symbols = imported(sys.argv[1])
    if len(symbols) < 20 or "fmaf" not in symbols:
        print(f"only {len(symbols)} symbols, or no fmaf: is the program linked statically?")
        return 1
    inexact = sorted(name for name in symbols if INEXACT.match(name))
    exact = sorted(name for name in symbols if name in EXACT)
    print("exactly rounded:", ", ".join(exact))
    if inexact:
        print("not portable:", ", ".join(inexact))
    return 1 if inexact else 0


if __name__ == "__main__":
    sys.exit(main())
