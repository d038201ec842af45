/** The two values of a conflict side by side, what was written since, and the choice. */
import { Group, Stack, Text } from "@mantine/core"
import { useInfiniteQuery } from "@tanstack/react-query"
import { useEffect } from "react"
import { ask } from "../../api/ask.ts"
import { type Conflict, historyQuery, pathOf } from "../../api/records.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { shortened } from "../../elements/amounts.ts"
import { Ago } from "../../elements/Clock.tsx"
import { Facts } from "../../elements/Facts.tsx"
import { Inert, InertValue } from "../../elements/Inert.tsx"
import { ButtonLink } from "../../elements/links.tsx"
import { Failed, OnItsWay } from "../../elements/Loaded.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { isEnough, type Side, type Sides, sidesOf, type Timed, timedOf } from "./bothSides.ts"
import { headerOf } from "./conflictPlace.ts"

interface Props {
  readonly conflict: Conflict
  readonly onDone: () => void
}

/** Pages of a history that are looked through; a record of more changes is read in its history. */
const pagesMax = 40

export const BothValues = ({ conflict, onDone }: Props) => {
  const { field, header, id, type } = conflict
  const timed = timedOf(conflict)
  return (
    <Stack>
      <Text>
        <Inert text={field} /> of <Inert text={`${type} ${id}`} />
        {header === undefined || Object.keys(header).length === 0 ? null : (
          <>
            {" "}
            in <InertValue value={header} />
          </>
        )}
      </Text>
      {timed === undefined ? (
        <Text size="sm" data-conflict="untold">
          The hub noted this conflict without the times of the two writes, so which values they were cannot be told
          apart any more. The history has both.
        </Text>
      ) : (
        <Found conflict={conflict} timed={timed} onDone={onDone} />
      )}
      <Group>
        <ButtonLink
          to="/data/$type/$id"
          params={{ type, id }}
          search={{ header: headerOf(conflict) }}
          size="xs"
          variant="default"
        >
          The whole history
        </ButtonLink>
      </Group>
    </Stack>
  )
}

const Found = ({ conflict, onDone, timed }: Props & { readonly timed: Timed }) => {
  const { id, type } = conflict
  const { data, error, fetchNextPage, hasNextPage, isFetching, refetch } = useInfiniteQuery(
    historyQuery({ type, id, header: JSON.stringify(conflict.header ?? {}) })
  )
  const history = data?.pages.flatMap(({ items }) => items) ?? []
  const isLookedThrough = isEnough(timed, history) || !hasNextPage || (data?.pages.length ?? 0) >= pagesMax
  useEffect(() => {
    if (data !== undefined && !isLookedThrough && !isFetching && error === null) void fetchNextPage()
  }, [data, error, fetchNextPage, isFetching, isLookedThrough])
  const isThere = data !== undefined && isLookedThrough
  if (!isThere && error === null) return <OnItsWay />
  const again = (): void => void (isThere || data === undefined ? refetch() : fetchNextPage())
  return (
    <>
      {error === null ? null : <Failed error={error} onTry={again} isTrying={isFetching} isOld={isThere} />}
      {isThere ? <Sided conflict={conflict} sides={sidesOf(timed, history)} onDone={onDone} /> : null}
    </>
  )
}

const Sided = ({ conflict, onDone, sides }: Props & { readonly sides: Sides }) => {
  const { isGone, loser, since, winner } = sides
  const take = { conflict, onDone, isDisabled: isGone }
  const facts = [
    [`${since === undefined ? "Stands" : "Stood"}: by ${shortened(conflict.winner)}`, winner],
    [`${since === undefined ? "Does" : "Did"} not: by ${shortened(conflict.loser)}`, loser]
  ] as const
  return (
    <Stack>
      <Facts
        facts={[
          ...facts.map(([name, side]) => [name, <OneSide key={name} side={side} />] as const),
          ...(since === undefined
            ? []
            : [[`Stands now: by ${shortened(deviceOf(since.author))}`, <OneSide key="now" side={since} />] as const])
        ]}
      />
      {since === undefined ? null : (
        <Group gap="xs" data-conflict="settled">
          <StateBadge tone="good" word="settled" />
          <Text size="sm">The field was written anew since then.</Text>
        </Group>
      )}
      <Group>
        {since === undefined ? null : <Take {...take} side={winner} label="Take the one that stood" />}
        <Take {...take} side={loser} label={since === undefined ? "Take the other one" : "Take the one that did not"} />
      </Group>
      <Text size="sm" c="dimmed">
        {isGone
          ? "The record was deleted since then; its history brings it back."
          : "To keep what stands, nothing has to be done."}
      </Text>
    </Stack>
  )
}

const deviceOf = (author: string): string => author.split("/", 1)[0]!

interface TakeProps extends Props {
  readonly side: Side | undefined
  readonly label: string
  readonly isDisabled: boolean
}

const Take = ({ conflict, isDisabled, label, onDone, side }: TakeProps) => {
  const { field, header, id, type } = conflict
  const body = { ...(header === undefined ? {} : { header }), fields: { [field]: side?.value } }
  return (
    <ActButton
      label={label}
      scope="records:write"
      stale={["records", "conflicts"]}
      isDisabled={isDisabled || side === undefined}
      operation={{ id: "entities.patch", args: [type, id], set: body }}
      run={() => ask("PATCH", pathOf({ type, id }), { body })}
      done="It is written anew, knowing of both."
      onDone={onDone}
    />
  )
}

const OneSide = ({ side }: { readonly side: Side | undefined }) =>
  side === undefined ? (
    <Text size="sm">not found in the history</Text>
  ) : (
    <Text size="sm" component="div">
      <InertValue value={side.value} charsMax={1_000} /> <Ago atMs={side.atMs} />
    </Text>
  )
