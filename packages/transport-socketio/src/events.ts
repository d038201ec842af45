/**
 * The package's door for applications that tell browsers what happens. Only re-exports.
 */
export { type EventsConnection, type EventsOptions, type EventsRefused, serveEvents } from "./EventsServer.ts"
