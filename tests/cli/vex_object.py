"""The kernels of level avxvnni run on no machine of ours: what their object asks of a CPU is read
from its disassembly. Every instruction must be one of x86-64, SSE2, AVX, AVX2, FMA, F16C, BMI or
AVX-VNNI in VEX encoding; the same reading of the AVX-512 object must find what it forbids.
Arguments: objdump, the avxvnni library, the avx512vnni library. TAP on stdout."""
import re
import subprocess
import sys

# General instructions: x86-64 of 2003, then BMI1, BMI2, LZCNT and POPCNT of 2013.
GENERAL = r"""adc add and bs[fr] bswap btc? btr bts call cdq cdqe cltd cltq cmp cqto cqo cwtl dec div
idiv imul inc j[a-z]+ jmp lea leave mov movabs movs[bwlqx]+ movz[bwlqx]+ mul neg nop not or pause pop
prefetch(nta|t[012]) push rep repz ret rol ror s[ah][lr]d? sbb set[a-z]+ sub test ud2 xchg xor
cmov[a-z]+ endbr64 data16 cs ds es andn bextr bls(i|r|msk) bzhi lzcnt tzcnt popcnt mulx pdep pext
rorx sarx shlx shrx""".split()

# AVX, AVX2, FMA and F16C, all with a v; then the one instruction that the level is named for.
VECTOR = r"""vzeroupper vzeroall vmov(d|q|dqa|dqu|ap[sd]|up[sd]|s[sd]|h[lp]?p[sd]|lh?p[sd]|hlps|ntdqa?|ntp[sd])
vmov(mskp[sd]|shdup|sldup|ddup) vlddqu vbroadcast(s[sd]|[fi]128) vpbroadcast[bwdq]
v(add|sub|mul|div|min|max|sqrt)[sp][sd] v(and|andn|or|xor)p[sd] v(addsub|hadd|hsub)p[sd]
vcmp[a-z_]*[sp][sd] vu?comis[sd] vround[sp][sd] vcvt[a-z0-9]+ vfn?m(add|sub)(132|213|231)[sp][sd]
vblendv?p[sd] vshufp[sd] vunpck[hl]p[sd] vpermilp[sd] vperm2[fi]128 v(insert|extract)([fi]128|ps)
vp(abs|sign)[bwd] vp(add|sub)[bwdq] vp(add|sub)u?s[bw] vp(and|andn|or|xor) vpavg[bw] vpalignr
vpblend(d|w|vb) vpcmp(eq|gt)[bwdq] vp(min|max)[us][bwd] vpack(us|ss)(wb|dw) vpack[us]s[dw][wb]
vpack(ss|us)(dw|wb) vpmadd(ubsw|wd) vpmul(dq|udq|ld|lw|hw|huw|hrsw) vpsadbw vmpsadbw vph(add|sub)(w|d|sw)
vpmov[sz]x[bwdq]+ vpmovmskb vpmaskmov[dq] vmaskmovp[sd] vpshuf(b|d|hw|lw) vps(ll|rl|ra)[wd]
vps(ll|rl)(q|dq) vps(ll|rl)v[dq] vpsravd vpunpck[hl](bw|wd|dq|qdq) vperm(d|q|ps|pd) vp(insr|extr)[bwdq]
vptest vtestp[sd] vp?gather[dq][dq] vgather[dq]p[sd] vpdpbusds?""".split()

# A suffix of size may follow general instructions.
ALLOWED = re.compile("(?:%s)$" % "|".join(["(?:%s)[bwlq]?" % g for g in GENERAL] + VECTOR))
# The 16 upper vector registers, 512 bits, masks: EVEX or later.
FOREIGN = re.compile(r"%(zmm\d+|[xy]mm(1[6-9]|2\d|3[01])|k[0-7])\b|\{z\}|\{1to\d+\}")
LINE = re.compile(r"\s*[0-9a-f]+:\t((?:[0-9a-f]{2} )+)\s*\t(.*)$")


def instructions(objdump, library):
    """(bytes, mnemonic, the rest) of each; lines that only go on with bytes are left out."""
    text = subprocess.run([objdump, "-d", "-w", library], capture_output=True, text=True,
                          check=True).stdout
    for line in text.splitlines():
        found = LINE.match(line)
        if found:
            words = found[2].split(None, 1)
            if words[0] in ("{vex}", "{evex}", "lock", "notrack", "bnd"):
                words = words[1].split(None, 1)
            yield bytes.fromhex(found[1]), words[0], (words + [""])[1]


def faults(objdump, library):
    """What is not allowed, and how many VEX dot products there are."""
    wrong, dots = [], 0
    for code, name, rest in instructions(objdump, library):
        evex = code[0] == 0x62
        dots += name.startswith("vpdpbusd") and not evex
        if evex or FOREIGN.search(rest) or not ALLOWED.match(name):
            wrong.append("%s %s (%s)" % (name, rest, code.hex()))
    return wrong, dots


def main():
    objdump, vex, evex = sys.argv[1:4]
    wrong, dots = faults(objdump, vex)
    foreign, other = faults(objdump, evex)
    results = [
        (not wrong, "every instruction of the avxvnni kernels is allowed", wrong),
        (dots > 50, "their dot products are VEX encoded", ["%d found" % dots]),
        (len(foreign) > 1000 and not other, "the same reading finds AVX-512 where there is some",
         ["%d found, %d VEX dot products" % (len(foreign), other)]),
    ]
    print("1..%d" % len(results))
    for number, (right, name, seen) in enumerate(results, 1):
        print("%s %d - %s" % ("ok" if right else "not ok", number, name))
        for line in [] if right else seen[:20]:
            print("# " + line)
    return 0 if all(r[0] for r in results) else 1


sys.exit(main())
