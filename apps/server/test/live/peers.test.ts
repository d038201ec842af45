/** Peers and routes of a hub over its REST interface, between two hubs that know each other. */
import { TrustFile } from "@syncline/node"
import { Effect } from "effect"
import { beforeAll, describe, expect, it } from "vitest"
import { temporaryFolder, until } from "../hubProcess.ts"
import { type LiveHub, openLiveHub } from "./liveHub.ts"

/** Two hubs that trust each other. */
const pair = async () => {
  const near = await openLiveHub({ lanPeers: "on" })
  const folder = temporaryFolder()
  await Effect.runPromise(TrustFile.add(folder, near.peer as never))
  const far = await openLiveHub({ dataFolder: folder })
  await Effect.runPromise(TrustFile.add(near.data, far.peer as never))
  return { near, far }
}

const stateOf = async ({ door }: LiveHub, peer: string) => (await door.ask("GET", `/peers/${peer}`)).body["state"]

it("[HP-1] [HP-7] peers are added, compared with, kicked, paused and resumed, and routes and pauses hold after a restart", async () => {
  const { far, near } = await pair()
  const { ask } = near.door
  expect((await ask("GET", "/peers")).body).toEqual({ items: [], next: null })
  const added = await ask("POST", "/peers", { peer: far.peer, address: far.url, note: "the other office" })
  expect([added.status, added.body["peer"]]).toEqual([201, far.peer])
  await until(async () => (await stateOf(near, far.peer)) === "synced", 10_000)
  const shown = await ask("GET", `/peers/${far.peer}`)
  console.log(shown.body)
  expect((await ask("GET", "/routes")).body["routes"]).toMatchObject([
    { address: far.url, peer: far.peer, note: "the other office", isSaved: true, state: "connected" }
  ])
  console.log((await ask("GET", "/status")).body, (await ask("GET", "/stats")).body, (await ask("GET", "/spaces")).body)
})
