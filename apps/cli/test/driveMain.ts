// The command line with Google elsewhere: where, the first argument says as JSON.
import * as Program from "../src/Program.ts"

const [google = "{}", ...args] = process.argv.slice(2)
process.exit(await Program.run(args, process, JSON.parse(google) as Parameters<typeof Program.run>[2]))
