/**
 * The package's public door. Only re-exports.
 */
export * as DriveLoginError from "./DriveLoginError.ts"
export * as DriveMetrics from "./DriveMetrics.ts"
export { type DriveLogin, type DriveLoginOptions, login } from "./DriveLogin.ts"
export type { DriveAccount } from "./DriveAccount.ts"
export { type DriveLogoutOptions, logout } from "./DriveLogout.ts"
export { driveAccount, googleDrive } from "./GoogleDrive.ts"
export type { DriveEndpoints, GoogleDriveOptions, OAuthApp } from "./GoogleDriveOptions.ts"
export * as TokenStore from "./TokenStore.ts"
export { TokenStoreError } from "./TokenStoreError.ts"
