/** The two values of a conflict side by side, and the choice. */
import { Group, Stack, Text } from "@mantine/core"
import { useInfiniteQuery } from "@tanstack/react-query"
import { ask } from "../../api/ask.ts"
import { type Conflict, historyQuery, pathOf } from "../../api/records.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert, InertValue } from "../../elements/Inert.tsx"
import { ButtonLink } from "../../elements/links.tsx"
import { Failed, OnItsWay } from "../../elements/Loaded.tsx"
import { type Side, sidesOf } from "./bothSides.ts"

interface Props {
  readonly conflict: Conflict
  readonly onDone: () => void
}

export const BothValues = ({ conflict, onDone }: Props) => {
  const { field, id, loser, type, winner } = conflict
  const { data, error } = useInfiniteQuery(historyQuery({ type, id }))
  if (data === undefined) return error === null ? <OnItsWay /> : <Failed error={error} />
  const sides = sidesOf(
    conflict,
    data.pages.flatMap(({ items }) => items)
  )
  const body = { fields: { [field]: sides.loser?.value } }
  return (
    <Stack>
      <Text>
        <Inert text={field} /> of <Inert text={`${type} ${id}`} />
      </Text>
      <Facts
        facts={[
          [`Stands: by ${shortened(winner)}`, <OneSide key="winner" side={sides.winner} />],
          [`Does not: by ${shortened(loser)}`, <OneSide key="loser" side={sides.loser} />]
        ]}
      />
      <Group>
        <ActButton
          label="Take the other one"
          scope="records:write"
          stale={["records", "conflicts"]}
          isDisabled={sides.loser === undefined}
          operation={{ id: "entities.patch", args: [type, id], set: body }}
          run={() => ask("PATCH", pathOf({ type, id }), { body })}
          done="It is written anew, knowing of both."
          onDone={onDone}
        />
        <ButtonLink to="/data/$type/$id" params={{ type, id }} size="xs" variant="default">
          The whole history
        </ButtonLink>
      </Group>
      <Text size="sm" c="dimmed">
        To keep what stands, nothing has to be done.
      </Text>
    </Stack>
  )
}

const OneSide = ({ side }: { readonly side: Side | undefined }) =>
  side === undefined ? (
    <Text size="sm">further back in the history</Text>
  ) : (
    <Text size="sm" component="div">
      <InertValue value={side.value} charsMax={1_000} /> <Ago atMs={side.atMs} />
    </Text>
  )
