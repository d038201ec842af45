/**
 * What is said of single commits of a batch, on its way over the wire: many commits share a few reasons, so each names
 * its reason by number. It decides nothing.
 */
import type { RemoteOutcome } from "../journal/Journal.ts"
import type { Verdict } from "../journal/Receipt.ts"
import type * as Wire from "../wire/WireMessage.ts"
import { reasonsMax } from "../wire/WireMessage.ts"

type OnWire = Pick<Wire.EventAck, "reasons" | "verdicts">

/** Characters of a sentence on the wire. */
const sentenceMax = 256

/** The reasons and which commit has which; a reason beyond the bound loses its rule and sentence, never its code. */
export const toWire = (verdicts: RemoteOutcome["verdicts"]): OnWire => {
  const reasons: Array<OnWire["reasons"][number]> = []
  const places = new Map<string, number>()
  const place = ({ because, code, kind, policyVersion, rule }: Verdict): number | undefined => {
    const key = JSON.stringify([code, kind, rule, policyVersion, because])
    const known = places.get(key)
    if (known !== undefined || reasons.length === reasonsMax) return known
    places.set(key, reasons.length)
    return (
      reasons.push([code, kind === "held", rule.slice(0, sentenceMax), policyVersion, because.slice(0, sentenceMax)]) -
      1
    )
  }
  const plain = (verdict: Verdict): Verdict => ({ ...verdict, rule: "", policyVersion: 0, because: "" })
  const told: Array<readonly [number, number]> = []
  for (const verdict of verdicts) {
    const reason = place(verdict) ?? place(plain(verdict)) ?? reasons.findIndex(([code]) => code === verdict.code)
    if (reason >= 0) told.push([verdict.index, reason])
  }
  return { reasons, verdicts: told }
}

/** The verdicts on the commits that a batch carried; what names none of them is left out. */
export const fromWire = (
  { reasons, verdicts }: OnWire,
  lseqs: ReadonlyArray<number>
): ReadonlyArray<Verdict & { readonly lseq: number }> =>
  verdicts.flatMap(([index, place]) => {
    const lseq = lseqs[index]
    const reason = reasons[place]
    if (lseq === undefined || reason === undefined) return []
    const [code, isHeld, rule, policyVersion, because] = reason
    return [{ lseq, code, kind: isHeld ? "held" : "refused", rule, policyVersion, because } as const]
  })
