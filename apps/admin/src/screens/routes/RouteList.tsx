/** Routes in their order: how each stands, a test of it, its place in the order, and its end. */
import { ActionIcon, Group, Stack, Text, Tooltip } from "@mantine/core"
import { Link } from "@tanstack/react-router"
import { ask } from "../../api/ask.ts"
import type { Route, RouteTest } from "../../api/routes.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { useAct } from "../../acts/useAct.ts"
import { countOf, duration, shortened } from "../../elements/amounts.ts"
import { CopyCommand } from "../../elements/CopyButton.tsx"
import { IconArrowDown, IconArrowUp } from "../../elements/icons.ts"
import { Inert } from "../../elements/Inert.tsx"
import { StateBadge, type Tone } from "../../elements/StateBadge.tsx"
import { useMay } from "../../session/who.ts"
import { moved } from "./order.ts"

const standings: { readonly [S in Route["state"]]: readonly [tone: Tone, word: string] } = {
  connected: ["good", "linked"],
  dialling: ["busy", "dialling"],
  queued: ["quiet", "in line"],
  waiting: ["warning", "failed, waits to try again"],
  idle: ["quiet", "not needed now"]
}

export const RouteList = ({ routes }: { readonly routes: ReadonlyArray<Route> }) => {
  const may = useMay("peers:write")
  const { isPending, mutate } = useAct({
    run: (addresses: ReadonlyArray<string>) => ask("PUT", "/routes/order", { body: { addresses } }),
    stale: ["routes", "peers"],
    done: "The routes are tried in this order from now on."
  })
  const addresses = routes.map(({ address }) => address)
  return (
    <Stack gap="xs" component="ol" className="routes">
      {routes.map((route, at) => (
        <li key={route.address}>
          <Group justify="space-between" gap="sm">
            <Group gap="xs" wrap="nowrap">
              <Moves at={at} addresses={addresses} isOff={!may || isPending} onMove={mutate} />
              <OneRoute route={route} />
            </Group>
            <RouteActs route={route} />
          </Group>
        </li>
      ))}
    </Stack>
  )
}

interface MovesProps {
  readonly at: number
  /** Of all routes, as they are tried now. */
  readonly addresses: ReadonlyArray<string>
  readonly isOff: boolean
  readonly onMove: (addresses: ReadonlyArray<string>) => void
}

const Moves = ({ addresses, at, isOff, onMove }: MovesProps) => (
  <Group gap={2} wrap="nowrap">
    <Move to={moved(addresses, at, -1)} word="earlier" {...{ addresses, at, isOff, onMove }} />
    <Move to={moved(addresses, at, 1)} word="later" {...{ addresses, at, isOff, onMove }} />
  </Group>
)

interface MoveProps extends MovesProps {
  /** The list as it was where there is no such place. */
  readonly to: ReadonlyArray<string>
  readonly word: "earlier" | "later"
}

const Move = ({ addresses, at, isOff, onMove, to, word }: MoveProps) => (
  <>
    <Tooltip label={`Try it ${word}`}>
      <ActionIcon
        variant="default"
        aria-label={`Try ${addresses[at]} ${word}`}
        disabled={isOff || to === addresses}
        onClick={() => onMove(to)}
      >
        {word === "earlier" ? <IconArrowUp size={14} /> : <IconArrowDown size={14} />}
      </ActionIcon>
    </Tooltip>
    {to === addresses ? null : <CopyCommand operation={{ id: "routes.order", set: { addresses: to } }} />}
  </>
)

const originOf = ({ isFound, isListed, isSaved }: Route): string =>
  isSaved ? "added here" : isListed ? "from a list" : isFound ? "found in the network" : "from the settings"

const OneRoute = ({ route }: { readonly route: Route }) => {
  const { address, attempts, lastError, note, peer, state } = route
  const [tone, word] = standings[state]
  return (
    <div>
      <Group gap="xs">
        <Text ff="monospace" size="sm">
          <Inert text={address} charsMax={300} />
        </Text>
        <StateBadge tone={tone} word={word} />
      </Group>
      <Text size="xs" c="dimmed" component="div">
        {originOf(route)}
        {note === "" ? null : (
          <>
            , <Inert text={note} />
          </>
        )}
        {peer === null ? null : (
          <>
            , only{" "}
            <Link to="/peers/$peer" params={{ peer }}>
              {shortened(peer)}
            </Link>{" "}
            may answer
          </>
        )}
        {attempts === 0 ? null : `, ${countOf(attempts, "failure")} in a row`}
        {lastError === null ? null : (
          <>
            , the last: <Inert text={lastError} charsMax={200} />
          </>
        )}
      </Text>
    </div>
  )
}

const RouteActs = ({ route: { address, isSaved } }: { readonly route: Route }) => (
  <Group gap="xs">
    <ActButton
      label="Test"
      scope="peers:write"
      stale={[]}
      operation={{ id: "routes.test", set: { address } }}
      run={() => ask<RouteTest>("POST", "/routes/test", { body: { address } })}
      done={testWords}
    />
    <ActButton
      label="Remove"
      scope="peers:write"
      stale={["routes", "peers"]}
      isDisabled={!isSaved}
      operation={{ id: "routes.remove", query: { address }, isRemoval: true }}
      run={() => ask("DELETE", "/routes", { query: { address } })}
      done="The route is gone, and its link has ended."
      question={{
        title: "Remove this route?",
        words: `The hub dials ${address} no more, and the link over it ends.`,
        yes: "Remove"
      }}
    />
  </Group>
)

const testWords = ({ isReachable, problem, tookMs }: RouteTest): string =>
  isReachable ? `Somebody answers, after ${duration(tookMs)}.` : `Nobody answers: ${problem ?? "no reason was told"}`
