/** Plays the story in real time and tells it: `npm start` in this folder, about three minutes; `npm start -- drive` with Google Drive. */
import { play } from "./story.ts"

const startedMs = Date.now()
const log = (line: string): void =>
  console.log(`${((Date.now() - startedMs) / 1000).toFixed(1).padStart(6)} s  ${line}`)

const road = process.argv.includes("drive") ? "drive" : "folder"
const { backMs, overMs, records, unequal } = await play({ road, failOverMs: 20_000, failBackMs: 120_000, log })
log(
  `${records} notes everywhere; over in ${overMs} ms, back in ${backMs} ms; ${unequal} times something else while healing`
)
