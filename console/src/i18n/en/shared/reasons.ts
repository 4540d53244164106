/**
 * Reasons that the platform gives for a state or an event, and what to do about them: `says` in one sentence, `next`
 * whose move it is (empty: nobody's). What is not here is shown as the platform says it.
 */
export const reasons = {
  Capacity: {
    says: 'There is no room for its pods.',
    next: 'Stop another version, choose a smaller size, or add a node; it starts by itself as soon as there is room.',
  },
  LoadFailed: {
    says: 'The model could not be loaded.',
    next: 'Read the last log lines: they end with the exception. Correct the model or its requirements, register it anew and publish that version.',
  },
  NeverReady: {
    says: 'No pod became ready in time.',
    next: 'Look at the log for what it was busy with; a model that takes long to load may need more cores or memory.',
  },
  RolledBack: {
    says: 'The last change was taken back: its pods did not get ready, the earlier configuration serves.',
    next: 'Nothing is broken for callers. Correct the cause and make the change again.',
  },
  RolloutFailed: {
    says: 'The new pods of an update did not get ready.',
    next: 'The earlier configuration goes on serving. Correct the cause and make the change again.',
  },
  OutOfMemory: {
    says: 'A pod needed more memory than its size has.',
    next: 'Choose a size with more memory, or send fewer rows in one request.',
  },
  EnvironmentFailed: {
    says: 'The packages that the model requires could not be installed.',
    next: 'Correct the requirements that are named in the message, register the model anew and publish that version.',
  },
  RequirementsRefused: {
    says: 'The requirements of the model hold something that is not installed here.',
    next: 'Name packages and versions only, register the model anew and publish that version.',
  },
  PythonNotServed: {
    says: 'There is no Python of the version that the model asks for.',
    next: 'Log the model with a Python that the platform serves, or ask whoever operates it.',
  },
  ModelNotFound: {
    says: 'The registry does not have the files of this model version.',
    next: 'Check the model version in the registry; publish one that is there.',
  },
  ModelTooLarge: {
    says: 'The files of the model are larger than this platform takes.',
    next: 'Log it without files that it does not need, or ask whoever operates the platform.',
  },
  FetchFailed: {
    says: 'The files of the model could not be fetched.',
    next: 'It is tried again by itself; if it goes on, check the store of the registry.',
  },
  RegistryUnavailable: {
    says: 'The model registry does not answer.',
    next: 'It is tried again by itself; whoever operates the platform can look at the tracking server.',
  },
  RegistryUnusable: {
    says: 'The settings of the model registry cannot be used.',
    next: 'Correct the secret that describes this registry.',
  },
  SecretsUnavailable: {
    says: 'The values of secrets cannot be read at the moment.',
    next: 'It is tried again by itself.',
  },
  SecretMissing: {
    says: 'A secret that an environment variable names does not exist.',
    next: 'Create the secret, or take the variable away.',
  },
  LivenessFailed: {
    says: 'A pod no longer answered and was restarted.',
    next: 'Look at its log around that time; if it happens again, give it more cores or a longer time per request.',
  },
  BackOff: {
    says: 'A pod has ended and waits before its next try.',
    next: 'Look at its log for why it ended; it is started again by itself.',
  },
  Exited: {
    says: 'The process of a pod ended.',
    next: 'Look at its log around that time; it is started again by itself.',
  },
  WorkerEnded: {
    says: 'A worker process of a pod ended.',
    next: 'It is replaced by itself. If it happens again, the model may need more memory.',
  },
  StartFailed: {
    says: 'The process of a pod could not be started.',
    next: 'It is tried again by itself; if it goes on, tell whoever operates the platform.',
  },
  NotConfined: {
    says: 'Models may not run here without confinement, and this machine cannot confine them.',
    next: 'Whoever operates the platform has to allow it or to correct the machine.',
  },
  ExampleFailed: {
    says: 'The model fails on its own input example.',
    next: 'It serves all the same. Check that the example fits the signature, and log the model anew.',
  },
  NoSignature: {
    says: 'The model has no signature, so inputs are not checked.',
    next: 'Log it with a signature: wrong inputs are then answered 400 with row and column.',
  },
  RowsNotIndependent: {
    says: 'The model answers a row differently beside others.',
    next: 'Requests of different callers are not put together; nothing to do unless it should be faster.',
  },
  RequirementAdjusted: {
    says: 'A package was installed in another version than the one that was asked for.',
    next: 'Compare its predictions with those of training if that matters.',
  },
  TableBlocked: {
    says: 'The inference table cannot be written.',
    next: 'Rows are kept and written later; check that the destination can be reached and written to.',
  },
  RowsDropped: {
    says: 'Rows of the inference table were lost.',
    next: 'Check the destination; what was lost cannot be brought back.',
  },
  Lost: {
    says: 'A pod is not there any more.',
    next: 'It is replaced by itself.',
  },
  Preparing: { says: 'The pod is being prepared.', next: '' },
  FetchingModel: { says: 'The files of the model are being fetched.', next: '' },
  BuildingEnvironment: {
    says: 'The environment of the model is being built.',
    next: 'The first time takes a minute or more; later starts find it ready.',
  },
  LoadingModel: { says: 'The model is being loaded.', next: '' },
  Restarting: { says: 'The pod restarts, as it was asked to.', next: '' },
  Draining: { says: 'The pod finishes its last requests and ends.', next: '' },
  ImageRefused: {
    says: 'The registry does not give out the image.',
    next: "Name a secret with its user and password, or correct the image's name; a secret that was corrected is used at the next try.",
  },
  ImageNotFound: {
    says: 'There is no such image for this machine.',
    next: 'Check its name, tag and kind of processor, or push it, and start the version again.',
  },
  ImageNameInvalid: { says: "The image's name is none.", next: 'Correct it.' },
  ImagePullFailed: {
    says: 'The image could not be pulled.',
    next: 'If it goes on, whoever operates the platform can look at the registry.',
  },
  RegistryUnreachable: {
    says: "The image's registry cannot be reached.",
    next: "It is tried again by itself; check the registry's name, and its network.",
  },
  RegistryNotTrusted: {
    says: "The certificate of the image's registry is not trusted.",
    next: 'Have it trusted on the nodes; it is tried again by itself.',
  },
  RegistryLimit: {
    says: "The image's registry gives out no more for now.",
    next: 'Name a secret with a user of it; it is tried again by itself.',
  },
  NodeDiskFull: {
    says: "The node's disk is too full for the image.",
    next: 'Free some of it, or add a node; it is tried again by itself.',
  },
  ImageDamaged: {
    says: 'The node cannot read its copy of the image.',
    next: 'It is tried again by itself; remove the copy if it goes on.',
  },
  ImageNotOnNode: {
    says: 'The image is not on the node, and may not be pulled.',
    next: 'Load it there, or allow that it is pulled.',
  },
  ImageRunsAsRoot: {
    says: 'The image runs as root, which pods may not.',
    next: 'Build it with `USER` and a number above 0.',
  },
  ImageVolumesMissing: {
    says: 'Files of other images cannot be mounted here.',
    next: 'Clusters with image volumes can (Kubernetes 1.33, containerd 2.1); or mount an artifact or a bucket.',
  },
  ContainerNotCreated: {
    says: 'The node could not make the container.',
    next: 'It is tried again by itself.',
  },
  CommandNotFound: {
    says: 'The image cannot run its command.',
    next: 'Correct the command, or build the image for this kind of processor.',
  },
  CommandNotPermitted: {
    says: "The pod's user may not execute the image's command.",
    next: 'Correct its permissions in the image.',
  },
  EngineUnavailable: {
    says: 'The container engine does not answer.',
    next: 'Pods that run serve on; nothing is started or ended until it is back.',
  },
  PodsUnreachable: {
    says: 'Routers do not reach the pods of this backend.',
    next: 'The message says what to change; it is tried again every 5 seconds.',
  },
  BackendMissing: {
    says: 'The scheduler does not have the backend that the resource group names.',
    next: 'Name it in SCHEDULER_BACKENDS, or give the group another one. Pods that run serve on.',
  },
  ClusterUnavailable: {
    says: "The cluster's API server does not answer.",
    next: 'Pods that run serve on; nothing is started or ended until it is back.',
  },
  NotPermitted: {
    says: "The platform's account on the cluster may not do that.",
    next: 'Whoever operates the cluster gives it the role that the message names.',
  },
  PodSecurityRefused: {
    says: "The namespace's pod security does not admit the pod.",
    next: 'Change what the version asks for, or the namespace.',
  },
  GpuKindMissing: {
    says: 'No node has a GPU of the kind that it asks for.',
    next: 'Ask for a kind that there is, as the message shows, or add a node with such a GPU: it starts once there is one.',
  },
  GpuKindUnknown: {
    says: 'The settings do not say what the cluster calls this kind of GPU.',
    next: 'Add it to SCHEDULER_KUBERNETES_GPU_KINDS, as the message shows, or ask for another kind.',
  },
  LimitRangeRefused: {
    says: "The namespace's limits do not admit a pod of this size.",
    next: 'Choose another size, or have them changed.',
  },
  AdmissionRefused: {
    says: 'A policy of the cluster refuses the pod.',
    next: 'Change what the version asks for, or the policy.',
  },
  ClassMissing: {
    says: 'The cluster lacks a class that the pods are to have.',
    next: 'Make it, or change the setting.',
  },
  AccountMissing: {
    says: 'The service account of the pods is missing.',
    next: 'Make it; it is tried again by itself.',
  },
  NamespaceEnds: { says: 'The namespace is being deleted.', next: 'Choose another one.' },
  PodsRefused: {
    says: 'The cluster refuses to make pods.',
    next: 'It is tried again by itself; the message says why.',
  },
  NotHealthy: {
    says: 'Its health path does not say yet that it is ready.',
    next: 'If it is not still loading: look at its log, and at what answers at the health path and the port.',
  },
  DeploymentRestored: {
    says: 'Its Deployment was changed in the cluster, and is as the version says again.',
    next: 'Change the version, not the Deployment.',
  },
  StartTimeout: {
    says: 'It did not get healthy in time.',
    next: 'Look at the log and at the health path: what answers there, and on which port.',
  },
  PullingImage: { says: 'Its image is being pulled.', next: '' },
  Pulling: { says: 'Its image is being pulled.', next: '' },
};
