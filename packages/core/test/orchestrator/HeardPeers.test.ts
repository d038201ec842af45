// Who is heard that the policy does not admit: one session at a time, a rest after it, and not more than there is room for.
import { expect, it } from "vitest"
import { HeardPeers, heardPeersMax, heardRestMs } from "../../src/orchestrator/HeardPeers.ts"
import { peerOf } from "../session/SessionUnderTest.ts"

it("[SE-36] a peer is heard in one session at a time, and again after its rest", () => {
  const heard = new HeardPeers()
  expect(heard.begin(peerOf(1), 0)).toBe(true)
  expect(heard.begin(peerOf(1), 1e9)).toBe(false)
  expect(heard.begin(peerOf(2), 5)).toBe(true)
  heard.end(peerOf(1), 100)
  expect(heard.begin(peerOf(1), 100 + heardRestMs - 1)).toBe(false)
  expect(heard.begin(peerOf(1), 100 + heardRestMs)).toBe(true)
})

it("[SE-36] 64 of them are known at a time; there is room again once one has rested", () => {
  const heard = new HeardPeers()
  for (let device = 1; device <= heardPeersMax; device++) expect(heard.begin(peerOf(device), 0)).toBe(true)
  expect(heard.begin(peerOf(100), 0)).toBe(false)
  heard.end(peerOf(7), 0)
  expect(heard.begin(peerOf(100), heardRestMs - 1)).toBe(false)
  expect(heard.begin(peerOf(100), heardRestMs)).toBe(true)
  expect(heard.size).toBe(heardPeersMax)
})
