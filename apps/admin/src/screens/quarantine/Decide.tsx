/** What a person decides about commits that wait: they come in, or are dropped for good. */
import { Group } from "@mantine/core"
import { ask } from "../../api/ask.ts"
import type { Outcome } from "../../api/quarantine.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { countOf } from "../../elements/amounts.ts"

interface Props {
  /** Which: `ids`, or a `reason`. */
  readonly body: { readonly ids?: ReadonlyArray<string>; readonly reason?: string }
  readonly canRelease: boolean
  readonly what: string
  readonly onDone: () => void
}

const act = { scope: "quarantine:write", stale: ["quarantine", "records", "status", "stats"] } as const

const outcomeWords =
  (did: string) =>
  ({ answers, done, stayed }: Outcome): string => {
    const why = answers.find(({ outcome }) => outcome === "denied" || outcome === "waiting")?.because
    return `${countOf(done, "commit")} ${did}${stayed === 0 ? "." : `; ${countOf(stayed, "commit")} stayed${why === undefined || why === "" ? "" : `: ${why}`}.`}`
  }

export const Decide = ({ body, canRelease, onDone, what }: Props) => (
  <Group>
    <ActButton
      {...act}
      label="Release"
      isDisabled={!canRelease}
      operation={{ id: "quarantine.release", set: body }}
      run={() => ask<Outcome>("POST", "/quarantine/release", { body })}
      done={outcomeWords("came in")}
      onDone={onDone}
      question={{
        title: "Release?",
        yes: "Release",
        words: `${what[0]!.toUpperCase()}${what.slice(1)} is applied here, and goes on to whoever may have it.`
      }}
    />
    <ActButton
      {...act}
      label="Discard"
      color="red"
      operation={{ id: "quarantine.discard", set: body }}
      run={() => ask<Outcome>("POST", "/quarantine/discard", { body })}
      done={outcomeWords("discarded")}
      onDone={onDone}
      question={{
        title: "Discard for good?",
        typed: "discard",
        yes: "Discard",
        words: `This hub keeps nothing of ${what}. A device that still has it may bring it again.`
      }}
    />
  </Group>
)
