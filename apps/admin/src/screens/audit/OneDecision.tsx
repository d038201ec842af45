/** One entry of the audit by its number, also where the list does not show it. */
import { Code } from "@mantine/core"
import { queryOptions, useQuery } from "@tanstack/react-query"
import { ask } from "../../api/ask.ts"
import type { Entry } from "../../api/audit.ts"
import { count } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { Empty, Loaded } from "../../elements/Loaded.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { queries } from "../../queries.ts"

/** The entries below the next number begin with it; `null` where there is none of this number (any more). */
const entryQuery = (number: number) =>
  queryOptions({
    queryKey: ["audit", "entry", number],
    queryFn: async ({ signal }): Promise<Entry | null> => {
      const query = { before: number + 1, limit: 1 }
      const { entries } = await ask<{ readonly entries: ReadonlyArray<Entry> }>("GET", "/audit", { signal, query })
      return entries[0]?.number === number ? entries[0] : null
    }
  })

/** Of a list that is there already. */
export const knowDecision = (entry: Entry): void => void queries.setQueryData(entryQuery(entry.number).queryKey, entry)

export const OneDecision = ({ number }: { readonly number: number }) => (
  <Loaded
    query={useQuery(entryQuery(number))}
    isEmpty={(entry) => entry === null}
    empty={<Empty title="No such entry">The audit keeps so many entries, and the oldest make room.</Empty>}
  >
    {(entry) => (entry === null ? null : <Shown entry={entry} />)}
  </Loaded>
)

const Shown = ({ entry: { action, atMs, decision, detail, hash, number, peer, times } }: { readonly entry: Entry }) => (
  <Facts
    facts={[
      ["Entry", count(number)],
      ["When", <Ago key="at" atMs={atMs} />],
      [
        "Result",
        <StateBadge
          key="result"
          tone={decision.allowed ? "good" : "bad"}
          word={decision.allowed ? "allowed" : "refused"}
        />
      ],
      ["Action", action],
      ["Who", <Inert key="peer" text={peer} />],
      ["Rule", <Inert key="rule" text={decision.rule} />],
      ["Policy version", count(decision.policyVersion)],
      ["Because", <Inert key="because" text={decision.because} charsMax={500} />],
      ["What", <Inert key="detail" text={detail} charsMax={1_000} />],
      ["Times", `${count(times)} within a second or so`],
      [
        "Hash",
        <Code key="hash" className="inert">
          {hash}
        </Code>
      ]
    ]}
  />
)
