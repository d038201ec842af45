/**
 * `npm run netlab`: devices in two networks behind real NAT, with a relay machine in an internet between them, and the questions
 * whether they find each other, come back and lose nothing. It fails when a limit is missed. It takes away whatever it made.
 */
import { parseArgs } from "node:util"
import * as Host from "../Machine.ts"
import { Laboratory } from "./Laboratory.ts"
import { missing, Network } from "./Network.ts"
import { scenarios } from "./Scenarios.ts"

const names = scenarios.map(({ name }) => name)
const usage = `npm run netlab -- [--quick] [--only <${names.join("|")}>]...`

const optionsOf = (args: ReadonlyArray<string>) => {
  try {
    const options = { quick: { type: "boolean", default: false }, only: { type: "string", multiple: true } } as const
    const { only, quick } = parseArgs({ args: [...args], options }).values
    const unknown = only?.find((name) => !names.includes(name))
    if (unknown !== undefined) throw new TypeError(`there is no scenario ${unknown}`)
    return { isQuick: quick, only: only ?? names }
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${usage}`)
    process.exit(2)
  }
}

const run = async ({ isQuick, only }: ReturnType<typeof optionsOf>): Promise<boolean> => {
  const network = new Network()
  const lab = new Laboratory(network, isQuick)
  let ending: Promise<void> | undefined
  const end = (): Promise<void> => (ending ??= lab.close().finally(() => network.remove()))
  const interrupt = (): void => void end().finally(() => process.exit(130))
  // Not once: a terminal and a time limit may send it twice, and the second would end this before everything is taken away.
  process.on("SIGINT", interrupt)
  process.on("SIGTERM", interrupt)
  try {
    lab.say(JSON.stringify(Host.facts()))
    network.build()
    for (const scenario of scenarios.filter(({ name }) => only.includes(name))) {
      lab.say(`${scenario.name}:`)
      await scenario.run(lab)
      await lab.endAll()
    }
    lab.say(lab.missed === 0 ? "netlab: everything within its limits" : `netlab: ${lab.missed} missed`)
    return lab.missed === 0
  } finally {
    await end()
  }
}

const options = optionsOf(process.argv.slice(2))
const reason = missing()
if (reason !== undefined) console.log(`netlab: skipped, ${reason}`)
else process.exitCode = (await run(options)) ? 0 : 1
