/** The hub and its peers as a picture: a line for each link, its colour and pattern for how it goes. Everything in it stands in the table, too. */
import { Group, Text, useComputedColorScheme } from "@mantine/core"
import { useNavigate } from "@tanstack/react-router"
import type { Peer } from "../../api/peers.ts"
import { count } from "../../elements/amounts.ts"
import { nameOf, pathWords, standings } from "../peers/peerWords.ts"
import { ring, shownMax } from "./layout.ts"

const sizePx = 560
const marginPx = 90

// With 3:1 against the ground, as figures need.
const inks = {
  light: {
    good: "#087f5b",
    busy: "#1864ab",
    warning: "#b35c00",
    bad: "#c92a2a",
    quiet: "#868e96",
    text: "#212529",
    ground: "#fff"
  },
  dark: {
    good: "#38d9a9",
    busy: "#74c0fc",
    warning: "#ffa94d",
    bad: "#ff8787",
    quiet: "#909296",
    text: "#f1f3f5",
    ground: "#242424"
  }
}
const dashes = { good: undefined, busy: "10 4", warning: "4 4", bad: "2 6", quiet: "1 7" }

/** What there is room for. */
const shortOf = (peer: Peer): string => nameOf(peer).slice(0, 18)

const middle = { x: sizePx / 2, y: sizePx / 2 }

export const SyncMap = ({ peers }: { readonly peers: ReadonlyArray<Peer> }) => {
  const ink = inks[useComputedColorScheme("light")]
  const navigate = useNavigate()
  const shown = peers.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b))).slice(0, shownMax)
  const points = ring(shown.length, sizePx, marginPx)
  return (
    <>
      <svg
        viewBox={`0 0 ${sizePx} ${sizePx}`}
        className="sync-map"
        role="group"
        aria-label={`The hub and ${count(shown.length)} peers`}
      >
        {shown.map((peer, at) => {
          const { tone } = standings[peer.state]
          const { x, y } = points[at]!
          return (
            <line
              key={peer.peer}
              x1={middle.x}
              y1={middle.y}
              x2={x}
              y2={y}
              stroke={ink[tone]}
              strokeWidth={peer.route === null ? 1 : 2.5}
              strokeDasharray={dashes[tone]}
            />
          )
        })}
        <circle cx={middle.x} cy={middle.y} r={30} fill={ink.ground} stroke={ink.text} strokeWidth={2} />
        <text x={middle.x} y={middle.y + 5} textAnchor="middle" fill={ink.text} fontSize={14} fontWeight={600}>
          hub
        </text>
        {shown.map((peer, at) => {
          const { x, y } = points[at]!
          const { tone, word } = standings[peer.state]
          const open = (): void => void navigate({ to: "/peers/$peer", params: { peer: peer.peer } })
          return (
            <g
              key={peer.peer}
              role="link"
              tabIndex={0}
              onClick={open}
              onKeyDown={({ key }) => key === "Enter" && open()}
              className="sync-map-peer"
            >
              <title>{`${nameOf(peer)}: ${word}, reached ${pathWords(peer)}. ${standings[peer.state].words}`}</title>
              <circle cx={x} cy={y} r={14} fill={ink.ground} stroke={ink[tone]} strokeWidth={3} />
              <text x={x} y={y + 32} textAnchor="middle" fill={ink.text} fontSize={12}>
                {shortOf(peer)}
              </text>
              <text x={x} y={y + 46} textAnchor="middle" fill={ink.text} fontSize={11}>
                {word}
              </text>
            </g>
          )
        })}
      </svg>
      {peers.length > shownMax ? (
        <Group>
          <Text size="sm">
            The first {count(shownMax)} of {count(peers.length)} by name; the table has all.
          </Text>
        </Group>
      ) : null}
    </>
  )
}
