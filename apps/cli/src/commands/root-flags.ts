/** The flags that every command takes, before or after its name. */
export interface RootFlags {
  dev?: boolean;
  test?: boolean;
  toggle?: boolean;
}
