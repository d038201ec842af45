/** Puts the draft in force, as it was compared: where the charter has changed since, the hub refuses and it is compared anew. */
import { Group, TextInput } from "@mantine/core"
import { useState } from "react"
import { ask } from "../../api/ask.ts"
import type { Impacts } from "../../api/policy.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { countOf } from "../../elements/amounts.ts"
import type { DraftProps } from "./useDraft.ts"

interface Props extends DraftProps {
  readonly compared: Impacts
}

const accesses = (many: number): string => countOf(many, "kind of access", "kinds of access")

export const ApplyPanel = ({ compared: { digest, impacts, version }, draft: { drop, text } }: Props) => {
  const [note, setNote] = useState("")
  const losing = impacts.filter(({ direction }) => direction === "loses").length
  const body = { text, expectedVersion: version, expectedDigest: digest, ...(note === "" ? {} : { note }) }
  return (
    <Group align="flex-end">
      <TextInput
        label="Why"
        description="Stands in the charter, for good"
        maxLength={512}
        value={note}
        onChange={({ currentTarget }) => setNote(currentTarget.value)}
        w={280}
        maw="100%"
      />
      <ActButton
        label="Apply the draft"
        variant="filled"
        size="sm"
        scope="policy:write"
        stale={["policy", "team", "audit", "peers", "records"]}
        operation={{ id: "policy.apply", set: { text, ...(note === "" ? {} : { note }) } }}
        run={() => ask<{ readonly version: number }>("POST", "/policy/apply", { body })}
        done={(written) => `In force since version ${written.version}. Devices take it in as they hear of it.`}
        onDone={() => void drop().catch(() => undefined)}
        question={{
          title: "Apply this policy?",
          yes: "Apply",
          words: `Devices gain ${accesses(impacts.length - losing)} and lose ${accesses(losing)}. What a device may no longer read it removes when it hears of it. An earlier version can be put back.`
        }}
      />
    </Group>
  )
}
