/**
 * What bounds a charter, and what writers stand behind.
 */
import { describe, expect, it } from "vitest"
import { join, addDevice, addMember, newTree, record, team, write } from "./fixture.ts"
import { headOf, all, idsOf, remove, removeDevice, pause, rename, renameDevice, agreed } from "./plainOrder.ts"

describe("bounds", () => {
  /** Adam's device is paused, and as many of its records are here as are kept that do not count. */
  const crowdedTree = () => {
    const tree = team()
    const base = headOf(tree)
    write(tree, 1, pause(3))
    tree.addAll(Array.from({ length: 64 }, (_, i) => record(base, 3, rename(`${i}`))))
    return { tree, base }
  }

  it("[CH-14] a record that is refused for its device's bound changes nothing, then and after a start", () => {
    const { base, tree } = crowdedTree()
    const before = tree.state
    const taking = record(base, 3, remove("mia"))
    for (let i = 0; i < 3; i++) expect(tree.add(taking)).toMatchObject({ kind: "refused" })
    // Nobody looks at what it does any more.
    const unread = { ...taking, operations: undefined as never }
    expect(tree.add(unread)).toMatchObject({ kind: "refused" })
    expect(tree.state).toBe(before)
    const again = newTree()
    again.addAll(all(tree))
    expect(again.state).toEqual(before)
  })

  it("[CH-14] a refused record is judged again once something else counts, or another one needs it", () => {
    const { base, tree } = crowdedTree()
    const late = record(base, 3, ...join("x", "member", 40))
    expect(tree.add(late)).toMatchObject({ kind: "refused" })
    // Behind it stands somebody who knew of the pause later, and counts.
    const senior = record([late, base], 2, rename("of olga"))
    expect(tree.addAll([late, senior])).toEqual([{ kind: "added" }, { kind: "added" }])
    const other = crowdedTree().tree
    expect(other.add(late)).toMatchObject({ kind: "refused" })
    write(other, 1, pause(3, false))
    expect(other.rivals).toEqual([])
    expect(other.add(late)).toEqual({ kind: "added" })
    expect(other.state.members.has("x")).toBe(true)
  })

  it("[CH-14] what does not count makes a long charter no slower to write", () => {
    const tree = team()
    const base = headOf(tree)
    write(tree, 1, remove("adam"))
    for (let i = 0; i < 1_700; i++) write(tree, 1, rename(`${i}`))
    expect(tree.add(record(base, 3, rename("void")))).toEqual({ kind: "added" })
    const later = [record(headOf(tree), 2, rename("next"))]
    for (let i = 1; i < 200; i++) later.push(record(later[i - 1], 2, rename(`next ${i}`)))
    const began = performance.now()
    for (const each of later) expect(tree.add(each)).toEqual({ kind: "added" })
    const took = performance.now() - began
    expect(tree.rivals).toHaveLength(1)
    expect(tree.state.head).toBe(later.at(-1)!.id)
    // Ordering 1,700 records anew for each takes half a second.
    expect(took).toBeLessThan(150)
  })

  it("[CH-14] a flood of 1,200 records that do not count is soon over, and its repetition sooner", () => {
    const tree = team()
    write(tree, 5, addDevice("mia", 51))
    const places = [headOf(tree)]
    for (let i = 0; i < 1_000; i++) {
      write(tree, 1, rename(`${i}`))
      places.push(headOf(tree))
    }
    write(tree, 1, removeDevice(5))
    const before = tree.state
    const flood = Array.from({ length: 1_200 }, (_, i) => record(places[i % 1_000]!, 5, renameDevice(5, `x${i}`)))
    const began = performance.now()
    expect(tree.addAll(flood).filter(({ kind }) => kind === "added")).toHaveLength(64)
    const took = performance.now() - began
    tree.addAll(flood)
    expect(took).toBeLessThan(2_000)
    expect(performance.now() - began - took).toBeLessThan(500)
    expect(tree.state).toBe(before)
  }, 30_000)

  it("[CH-24] a writer stands behind all that it knew, also where 18 wrote at once", () => {
    const tree = team()
    for (let i = 0; i < 18; i++) write(tree, 5, addDevice("mia", 100 + i))
    const base = headOf(tree)
    tree.add(record(base, 3, addMember("zed", "member")))
    for (let i = 0; i < 18; i++) tree.add(record(base, 100 + i, renameDevice(100 + i, `m${i}`)))
    expect(write(tree, 1, remove("adam"))).toMatchObject({ behind: { length: 19 } })
    expect(tree.heads).toHaveLength(1)
    // Adam was removed by somebody who knew whom it had brought in.
    expect(agreed(tree).members.has("zed")).toBe(true)
    expect(write(tree, 1, addDevice("zed", 80))).toMatchObject({ behind: { length: 1 } })
  })

  it("[CH-24] nobody stands behind what does not count, which may count later all the same", () => {
    const tree = team()
    const base = headOf(tree)
    write(tree, 1, pause(3))
    const idle = record(base, 3, ...join("x", "member", 40))
    tree.add(idle)
    expect(tree.heads).not.toContain(idle.id)
    write(tree, 2, rename("on"))
    expect(agreed(tree).members.has("x")).toBe(false)
    write(tree, 1, pause(3, false))
    expect(agreed(tree).members.has("x")).toBe(true)
    expect(tree.rivals).toEqual([])
  })

  it("[CH-16] what counts and stands behind what does not is passed on with it", () => {
    const tree = team()
    const base = headOf(tree)
    const idle = record(base, 3, ...join("x", "member", 40))
    const upon = record(idle, 2, rename("upon it"))
    tree.addAll([idle, upon])
    tree.add(record(base, 1, remove("adam")))
    const state = agreed(tree)
    expect([state.members.has("x"), state.teams.get("north")?.name]).toEqual([false, "upon it"])
    const other = team()
    const lacking = tree.beyond(idsOf(other.after(0)))
    expect(lacking).toContain(idle)
    other.addAll(lacking)
    expect(other.state).toEqual(state)
    expect(tree.heads).not.toContain(idle.id)
  })
})
