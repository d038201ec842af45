// Who gets a place when one is free.
import { expect, it } from "vitest"
import { Deferred } from "effect"
import { DialPlaces } from "../../src/orchestrator/DialPlaces.ts"
import type { RouteEntry } from "../../src/orchestrator/Route.ts"

const route = (address: string, isListed = false): RouteEntry => ({
  route: isListed ? { address, listed: {} } : { address },
  changedMs: 0,
  state: "idle",
  attempts: 0,
  lastError: undefined,
  met: undefined,
  lookedMs: undefined,
  told: undefined,
  gaveWayMs: undefined,
  isDue: false,
  tries: 0
})

it("[OR-80] [OR-82] what is wished for comes first, then a node's own routes before those of lists, else who came first", () => {
  const places = new DialPlaces(1)
  const [first, listed, own, later, wished] = [
    route("first"),
    route("listed", true),
    route("own"),
    route("later"),
    route("wished", true)
  ]
  const granted = [first, listed, own, later, wished].map((entry) => [entry, places.ask(entry)] as const)
  expect(places.has(first)).toBe(true)
  places.wish(wished)
  const order: Array<string> = []
  for (let held: RouteEntry | undefined = first; held !== undefined;) {
    order.push(held.route.address)
    expect(places.size).toBe(1)
    places.leave(held)
    held = [listed, own, later, wished].find((entry) => places.has(entry))
  }
  expect(order).toEqual(["first", "wished", "own", "later", "listed"])
  expect(granted.every(([, place]) => Deferred.isDoneUnsafe(place))).toBe(true)
})

it("[OR-80] who does not wait any more gets none, and whose wait ends makes no room", () => {
  const places = new DialPlaces(1)
  const [first, second, third] = [route("first"), route("second"), route("third")]
  for (const entry of [first, second, third]) places.ask(entry)
  places.leave(second)
  expect([places.has(first), places.has(third)]).toEqual([true, false])
  places.leave(first)
  expect([places.has(second), places.has(third)]).toEqual([false, true])
})

it("[OR-82] who is wished for before it asks comes first once, and one that has its place is not remembered", () => {
  const places = new DialPlaces(1)
  const [first, second, wished] = [route("first"), route("second"), route("wished")]
  for (const entry of [first, second]) places.ask(entry)
  for (const entry of [first, wished]) places.wish(entry)
  places.ask(wished)
  expect(places.waiting.map(({ entry }) => entry)).toEqual([wished, second])
  places.leave(first)
  places.ask(first)
  expect(places.has(wished)).toBe(true)
  places.leave(wished)
  places.ask(wished)
  expect(places.has(second)).toBe(true)
  expect(places.waiting.map(({ entry }) => entry)).toEqual([first, wished])
})
