/**
 * The mailbox's counters. They count requests and files, never whose they are or what is in them. How full the index is shows
 * as the cache `gdrive_files`.
 */
import { Metric } from "effect"

/** Requests to Drive by `method`, each try counted. */
export const requestsTotal = Metric.counter("syncline_gdrive_requests_total", {
  description: "Requests to Google Drive",
  incremental: true
})

/** Requests that were repeated, by `reason`. */
export const retriesTotal = Metric.counter("syncline_gdrive_retries_total", {
  description: "Requests to Google Drive that were repeated",
  incremental: true
})

/** Access tokens that were renewed. */
export const renewalsTotal = Metric.counter("syncline_gdrive_renewals_total", {
  description: "Access tokens for Google Drive that were renewed",
  incremental: true
})

/** Times that all files were listed. */
export const listingsTotal = Metric.counter("syncline_gdrive_listings_total", {
  description: "Full listings of a mailbox on Google Drive",
  incremental: true
})

/** Files that the index had no room for; the oldest. */
export const forgottenTotal = Metric.counter("syncline_gdrive_forgotten_total", {
  description: "Files on Google Drive that were left out, because there are too many",
  incremental: true
})
