/** One peer: how it stands, what it may do, what came of syncing with it, and what can be done about it. */
import { Alert, Code, Group, Text } from "@mantine/core"
import { useQuery } from "@tanstack/react-query"
import { Link, useNavigate, useParams } from "@tanstack/react-router"
import { ask, part } from "../../api/ask.ts"
import { type Peer, peerQuery } from "../../api/peers.ts"
import { ActButton } from "../../acts/ActButton.tsx"
import { Ago } from "../../elements/Clock.tsx"
import { CopyButton } from "../../elements/CopyButton.tsx"
import { count, countOf, duration, share, shortened } from "../../elements/amounts.ts"
import { Facts } from "../../elements/Facts.tsx"
import { Inert } from "../../elements/Inert.tsx"
import { ButtonLink } from "../../elements/links.tsx"
import { Loaded } from "../../elements/Loaded.tsx"
import { Page } from "../../elements/Page.tsx"
import { Panel } from "../../elements/Panel.tsx"
import { StateBadge } from "../../elements/StateBadge.tsx"
import { useIsTeam } from "../../session/who.ts"
import { RevokeDevice } from "../team/DeviceActs.tsx"
import { behindWords, nameOf, pathWords, standings } from "./peerWords.ts"

export const PeerScreen = () => {
  const { peer } = useParams({ strict: false }) as { readonly peer: string }
  const query = useQuery(peerQuery(peer))
  if (query.data !== undefined) return <Loaded query={query}>{(data) => <Found peer={data} />}</Loaded>
  return (
    <Page title={shortened(peer)}>
      <Loaded query={query}>{() => null}</Loaded>
    </Page>
  )
}

const Found = ({ peer }: { readonly peer: Peer }) => (
  <Page title={nameOf(peer)} description={standings[peer.state].words} actions={<Acts peer={peer} />}>
    {peer.device?.isPaused === true ? (
      <Alert color="orange" variant="light" title="Paused in the team">
        Every hub of the team keeps it out until it is resumed under Team, Devices.
      </Alert>
    ) : null}
    {peer.lastError === null ? null : (
      <Alert color="orange" variant="light" title="Last error">
        <Inert text={peer.lastError} charsMax={500} />
      </Alert>
    )}
    <Standing peer={peer} />
    <Totals peer={peer} />
    <Cursor peer={peer} />
  </Page>
)

const Acts = ({ peer: { device, peer, state } }: { readonly peer: Peer }) => {
  const path = `/peers/${part(peer)}`
  const act = { scope: "peers:write", stale: ["peers", "routes", "status", "team"] } as const
  return (
    <>
      <ActButton
        {...act}
        label="Sync now"
        operation={{ id: "peers.sync", args: [peer] }}
        run={() => ask("POST", `${path}/sync`)}
        done="Compared anew."
      />
      {state === "paused" && device?.isPaused !== true ? (
        <ActButton
          {...act}
          label="Resume"
          operation={{ id: "peers.resume", args: [peer] }}
          run={() => ask("POST", `${path}/resume`)}
          done="It may sync again."
        />
      ) : (
        <ActButton
          {...act}
          label="Pause"
          operation={{ id: "peers.pause", args: [peer] }}
          run={() => ask("POST", `${path}/pause`)}
          done="Nothing goes either way until it is resumed."
        />
      )}
      <ActButton
        {...act}
        label="End its links"
        operation={{ id: "peers.kick", args: [peer] }}
        run={() => ask<{ readonly touched: number; readonly mayComeBack: boolean }>("POST", `${path}/kick`)}
        done={({ mayComeBack, touched }) =>
          `${countOf(touched, "link")} ended.${mayComeBack ? " It may come back at once: to keep it out, pause or revoke it." : ""}`
        }
      />
      {device === null ? null : <WhatItMay peer={peer} />}
      <Revoke peer={peer} isOfTeam={device !== null} />
    </>
  )
}

/** Of devices of the team: what decides about them, and what was decided. */
const WhatItMay = ({ peer }: { readonly peer: string }) => (
  <>
    <ButtonLink to="/policy" search={{ tab: "preview", asker: peer }} size="xs" variant="default">
      What it may do, and why
    </ButtonLink>
    <ButtonLink to="/audit" search={{ peer }} size="xs" variant="default">
      What was decided about it
    </ButtonLink>
  </>
)

const Revoke = ({ isOfTeam, peer }: { readonly peer: string; readonly isOfTeam: boolean }) => {
  const isTeam = useIsTeam()
  const navigate = useNavigate()
  return isTeam && isOfTeam ? <RevokeDevice peer={peer} onDone={() => void navigate({ to: "/peers" })} /> : null
}

const Standing = ({ peer }: { readonly peer: Peer }) => {
  const { device, path, pendingIn, pendingOut, provenAtMs, receivedEvents, route, sentEvents, state } = peer
  return (
    <Panel title="Now">
      <Facts
        facts={[
          ["State", <StateBadge key="state" tone={standings[state].tone} word={standings[state].word} />],
          [
            "Member",
            device === null ? (
              "none"
            ) : (
              <Link key="member" to="/team/$member" params={{ member: device.member }}>
                {device.member}
              </Link>
            )
          ],
          ["Missing", behindWords({ pendingIn, pendingOut })],
          ["Found equal", <Ago key="proven" atMs={provenAtMs} />],
          ["Reached", pathWords({ path, route })],
          ["Route", route === null ? "none" : <Inert key="route" text={route} charsMax={200} />],
          ["Sent on this link", countOf(sentEvents, "event")],
          ["Received on this link", countOf(receivedEvents, "event")]
        ]}
      />
      <Group gap={4}>
        <Text size="sm">Device id</Text>
        <Code className="inert">{peer.peer}</Code>
        <CopyButton text={peer.peer} label="Copy the device id" />
      </Group>
    </Panel>
  )
}

const Totals = ({ peer: { totals } }: { readonly peer: Peer }) => (
  <Panel title="Over all runs of the hub">
    {totals === null ? (
      <Text c="dimmed">
        It has never been met. It is in the list, because it has a place in the team or a route: start it, and look at
        its own <Code>syncline status</Code>.
      </Text>
    ) : (
      <Facts
        facts={[
          ["Syncs that came to an end", count(totals.successes)],
          ["Failures", count(totals.failures)],
          ["Success in all", totals.successRate === null ? "nothing tried" : share(totals.successRate)],
          ["Success in 24 hours", totals.successRateOfDay === null ? "nothing tried" : share(totals.successRateOfDay)],
          ["A sync takes", totals.averageMs === null ? "unknown" : `${duration(totals.averageMs)} on average`],
          ["Sent", countOf(totals.sentEvents, "event")],
          ["Received", countOf(totals.receivedEvents, "event")],
          ["Last success", <Ago key="success" atMs={totals.lastSuccessMs} />],
          ["Last seen", <Ago key="seen" atMs={totals.lastSeenMs} />]
        ]}
      />
    )}
  </Panel>
)

const Cursor = ({ peer: { cursor } }: { readonly peer: Peer }) => (
  <Panel title="Clocks">
    {cursor === null ? (
      <Text c="dimmed">The two journals have not met.</Text>
    ) : (
      <Facts
        facts={[
          ["Taken from its journal", `up to ${count(cursor.taken)}`],
          ["Confirmed of this journal", `up to ${count(cursor.acknowledged)}`],
          ["Judged of this journal", `up to ${count(cursor.custody)}`]
        ]}
      />
    )}
  </Panel>
)
