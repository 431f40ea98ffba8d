/** Ends the servers of `jest-global-setup`, last first. */
export default async (): Promise<void> => {
  await globalThis.kronusTestServers?.stopAll();
};
